import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import type { AppEnv } from '../../src/http/context.ts'
import { onError } from '../../src/http/problems.ts'
import { wellFormed } from '../../src/http/well-formed.ts'

const app = new Hono<AppEnv>().use(wellFormed).get('*', (c) => c.text('passed'))
app.onError(onError)

async function errorsOf(path: string) {
  const response = await app.request(path)
  if (response.status === 200) return []
  expect(response.status).toBe(400)
  const problem = (await response.json()) as { code: string; errors: object[] }
  expect(problem.code).toBe('validation_failed')
  return problem.errors
}

describe('wellFormed', () => {
  it.each(['/', '/a%20b?c=%C3%A9', '/a?b', '/a?b=%25'])('lets %s pass', async (path) => {
    expect(await errorsOf(path)).toEqual([])
  })

  it('names every parameter that is wrongly encoded or contains a NUL', async () => {
    expect(await errorsOf('/a?x=1&y=%E0%A4%A&z=%00&%ff=1')).toEqual([
      { path: 'y', message: 'is not valid percent-encoded UTF-8' },
      { path: 'z', message: 'must not contain a NUL character' },
      { path: '%ff', message: 'is not valid percent-encoded UTF-8' },
    ])
  })

  it('rejects a path that is wrongly encoded', async () => {
    expect(await errorsOf('/a%00b')).toEqual([
      { path: 'url', message: 'must not contain a NUL character' },
    ])
  })

  it('rejects a URL of more than 8192 characters', async () => {
    const room = 8192 - 'http://localhost/?a='.length
    const query = (length: number) => `/?a=${'x'.repeat(length)}`
    expect(await errorsOf(query(room))).toEqual([])
    expect(await errorsOf(query(room + 1))).toEqual([
      { path: 'url', message: 'at most 8192 characters' },
    ])
  })
})
