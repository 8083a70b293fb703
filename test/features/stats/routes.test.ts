import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cache, noCache } from '../../../src/cache/cache.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'

/** What the routes ask a cache for. */
const lookups: { name: string; tables: readonly string[] }[] = []
const recording: Cache = {
  ...noCache,
  remember(lookup, load) {
    lookups.push({ name: lookup.name, tables: lookup.tables })
    return noCache.remember(lookup, load)
  },
}

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ services: { cache: recording } })
})
afterAll(() => app?.close())

describe('an answer of the dashboard', () => {
  it.each([
    ['stats', 'dashboard_stats', ['users', 'posts', 'comments', 'sessions']],
    ['active-users', 'active_users', ['posts', 'comments', 'sessions']],
    ['trends', 'trends', ['posts', 'comments', 'users', 'sessions']],
    ['retention', 'retention', ['posts', 'comments', 'users', 'sessions']],
    ['leaders?by=posts', 'leaders_by_posts', ['users', 'posts', 'comments']],
    ['leaders?to=2020-01-01', 'leaders_between_by_activity', ['users', 'posts', 'comments']],
    ['trends?metric=signups,posts', 'trends', ['posts', 'users']],
  ])(
    '%s is cached by the name of its statement and the tables it reads',
    async (path, name, tables) => {
      const response = await app.request(`/api/v1/dashboard/${path}`)
      expect(response.status).toBe(200)
      expect(lookups.at(-1)).toEqual({ name, tables })
    },
  )
})
