import { OpenAPIHono } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import type { AppEnv } from '../../src/http/context.ts'
import { answerUnrouted, methodsIn } from '../../src/http/methods.ts'

const app = new OpenAPIHono<AppEnv>()
app.notFound(answerUnrouted(methodsIn(app.router)))
app.use((_, next) => next())
app.get('/posts/:id', (c) => c.text('read'))
app.delete('/posts/:id', (c) => c.text('deleted'))
app.post('/posts', (c) => c.text('created'))

const answer = async (method: string, path: string) => {
  const response = await app.request(path, { method })
  return [response.status, response.headers.get('allow')]
}

describe('a request without a route', () => {
  it('answers 405 with every method the path has', async () => {
    expect(await answer('PUT', '/posts/1')).toEqual([405, 'GET, HEAD, DELETE, OPTIONS'])
    expect(await answer('GET', '/posts')).toEqual([405, 'POST, OPTIONS'])
  })

  it('answers OPTIONS with 204 and the same list', async () => {
    expect(await answer('OPTIONS', '/posts/1')).toEqual([204, 'GET, HEAD, DELETE, OPTIONS'])
  })

  it('answers 404 where the path has no route, whatever the method', async () => {
    expect(await answer('GET', '/users')).toEqual([404, null])
    expect(await answer('OPTIONS', '/users')).toEqual([404, null])
  })
})

describe('a slash at the end of a path', () => {
  it.each([
    ['GET', '/posts/1/?a=b%20c&a', '/posts/1?a=b%20c&a'],
    ['HEAD', '/posts/1/', '/posts/1'],
    ['POST', '/posts/', '/posts'],
    ['GET', '/posts/%C3%A4/', '/posts/%C3%A4'],
    ['GET', '/posts/%2F%2Fevil.com/', '/posts/%2F%2Fevil.com'],
  ])('is redirected away where there is a route without it: %s %s', async (method, path, to) => {
    const response = await app.request(path, { method })
    expect(response.status).toBe(308)
    expect(response.headers.get('location')).toBe(to)
  })

  it.each([
    '//evil.com/',
    '//evil.com//',
    '/%2Fevil.com/',
    '/%5Cevil.com/',
    '//evil.com/posts/1/',
    '//posts/1/',
    '/posts/1//',
    '/users/',
    '/posts//',
  ])('leads nowhere else: %s', async (path) => {
    const response = await app.request(`http://here${path}`)
    expect(response.status).toBe(404)
    expect(response.headers.get('location')).toBeNull()
  })
})
