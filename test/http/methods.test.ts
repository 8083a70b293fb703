import { OpenAPIHono } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import type { AppEnv } from '../../src/http/context.ts'
import { methodNotAllowedOr404 } from '../../src/http/methods.ts'

const app = new OpenAPIHono<AppEnv>()
app.notFound(methodNotAllowedOr404(app.router))
app.use((_, next) => next())
app.get('/posts/:id', (c) => c.text('read'))
app.delete('/posts/:id', (c) => c.text('deleted'))
app.post('/posts', (c) => c.text('created'))

const answer = async (method: string, path: string) => {
  const response = await app.request(path, { method })
  return [response.status, response.headers.get('allow')]
}

describe('methodNotAllowedOr404', () => {
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
