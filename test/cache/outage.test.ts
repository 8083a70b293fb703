import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryCache } from '../../src/cache/memory.ts'
import { type Watcher, watchTables } from '../../src/cache/watcher.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { insertPost } from '../support/factories.ts'
import { openTestPool } from '../support/pool.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'

const path = '/api/v1/dashboard/stats'
const outcomeOf = (response: Response) =>
  /cache;desc=(\w+)/.exec(response.headers.get('server-timing') ?? '')?.[1]

let database: TestDatabase
let proxy: TestProxy
let app: TestApp
let watcher: Watcher
const background = () => openTestPool(proxy.url, { size: 1 })
let watching: ReturnType<typeof background>

beforeEach(async () => {
  database = await createTestDatabase()
  proxy = await startProxy(database.url)
  const cache = memoryCache({ threshold: 0 })
  watching = background()
  watcher = watchTables({ pool: watching, cache, interval: 20 })
  app = await createTestApp({
    url: proxy.url,
    services: { cache, isReady: () => watcher.isUp() },
  })
  await expect.poll(watcher.isUp).toBe(true)
})
afterEach(async () => {
  await watcher.stop()
  await watching.close()
  await app.close()
  await proxy.close()
  await database.drop()
})

describe('while the database is away', () => {
  it('the dashboard goes on with what it had, and says that it is old', async () => {
    const before = await app.request(path)
    const numbers = await before.text()
    await proxy.refuse()
    await expect.poll(() => !watcher.isUp()).toBe(true)
    await expect.poll(async () => outcomeOf(await app.request(path))).toBe('stale')
    const response = await app.request(path)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(numbers)
    expect((await app.request('/readyz')).status).toBe(503)
    expect((await app.request('/api/v1/activity')).status).toBe(503)
  })

  it('what is written meanwhile is seen once it is back', async () => {
    await app.request(path)
    await proxy.refuse()
    await expect.poll(() => !watcher.isUp()).toBe(true)
    await insertPost(database.sql)
    await proxy.accept()
    const postsSeen = async () => {
      const { totals } = (await (await app.request(path)).json()) as { totals: { posts: number } }
      return totals.posts
    }
    await expect.poll(postsSeen).toBe(1)
    await expect.poll(watcher.isUp).toBe(true)
    expect((await app.request('/readyz')).status).toBe(200)
  })
})
