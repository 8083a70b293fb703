import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateWhenUp } from '../../src/db/migrate-when-up.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'

describe('migrateWhenUp', () => {
  let database: TestDatabase
  let proxy: TestProxy
  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false })
    proxy = await startProxy(database.url)
  })
  afterAll(async () => {
    await proxy.close()
    await database.drop()
  })

  it('gives up after its timeout, and says where and why', async () => {
    await proxy.refuse()
    const reasons: string[] = []
    const { host, pathname } = new URL(proxy.url)
    await expect(
      migrateWhenUp(proxy.url, 0, (reason) => void reasons.push(reason)),
    ).rejects.toThrow(`Cannot use the database ${host}${pathname}: connect ECONNREFUSED`)
    expect(reasons).toEqual([])
  })

  it('waits for a server that is not up yet, says so once, and migrates', async () => {
    await proxy.refuse()
    const reasons: string[] = []
    const migrated = migrateWhenUp(proxy.url, 20_000, (reason) => void reasons.push(reason))
    await expect.poll(() => reasons).toEqual([expect.stringContaining('ECONNREFUSED')])
    await proxy.accept()
    await migrated
    expect(reasons).toHaveLength(1)
    expect(await database.sql`select from users`).toEqual([])
  })

  it.each([
    ['database', { pathname: '/nowhere' }],
    ['user', { username: 'nobody', password: 'hunter2' }],
  ])('does not wait for a server that knows no such %s', async (_, wrong) => {
    const url = Object.assign(new URL(database.url), wrong).toString()
    const waiting: string[] = []
    const failure = await migrateWhenUp(url, 60_000, (reason) => void waiting.push(reason)).then(
      () => '',
      (error) => error.message,
    )
    expect(failure).toMatch(/^Cannot use the database 127\.0\.0\.1:\d+\/\w+: /)
    expect(failure).not.toContain('hunter2')
    expect(waiting).toEqual([])
  })
})
