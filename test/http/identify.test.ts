import { afterEach, describe, expect, it } from 'vitest'
import type { Caller } from '../../src/auth/caller.ts'
import { memoryCache } from '../../src/cache/memory.ts'
import { AppError } from '../../src/errors/error.ts'
import type { Services } from '../../src/http/context.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const path = '/api/v1/activity?pageSize=2'
const apps: TestApp[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

async function appFor(callerOf: Services['callerOf']) {
  const app = await createTestApp({ services: { cache: memoryCache({ threshold: 0 }), callerOf } })
  apps.push(app)
  return app
}
const outcomeOf = (response: Response) =>
  /cache;desc=(\w+)/.exec(response.headers.get('server-timing') ?? '')?.[1]

describe('a caller who is turned away', () => {
  it('gets no answer that is cached for others', async () => {
    let isKnown = true
    const { request, pool } = await appFor(() => {
      if (!isKnown) throw new AppError('unauthenticated')
      return { actor: 'key:1', scopes: ['read'] }
    })
    await request(path)
    expect(outcomeOf(await request(path))).toBe('hit')
    isKnown = false
    const before = pool.stats().acquired
    const response = await request(path)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' })
    expect(pool.stats().acquired).toBe(before)
  })

  it('is turned away also where finding out takes time', async () => {
    const { request } = await appFor(() => Promise.reject(new AppError('unauthenticated')))
    expect((await request(path)).status).toBe(401)
  })

  it('still sees whether the server lives, and its contract', async () => {
    const { request } = await appFor(() => {
      throw new AppError('unauthenticated')
    })
    for (const open of ['/livez', '/readyz', '/openapi.json', '/docs']) {
      expect((await request(open)).status, open).toBe(200)
    }
  })
})

describe('two callers', () => {
  const byHeader: Services['callerOf'] = (c): Caller => ({
    actor: 'key:1',
    scopes: [c.req.header('x-scope') === 'admin' ? 'admin' : 'read'],
  })
  const as = (scope: string): RequestInit => ({ headers: { 'X-Scope': scope } })

  it('of different scopes share no cached answer', async () => {
    const { request } = await appFor(byHeader)
    await request(path, as('admin'))
    expect(outcomeOf(await request(path, as('admin')))).toBe('hit')
    expect(outcomeOf(await request(path, as('read')))).toBe('miss')
    expect(outcomeOf(await request(path, as('read')))).toBe('hit')
  })

  it('of one scope share it', async () => {
    const { request } = await appFor(byHeader)
    await request(path, as('read'))
    expect(outcomeOf(await request(path))).toBe('hit')
  })
})
