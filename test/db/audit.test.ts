import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userChanges } from '../../src/features/users/changes.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { insertUser } from '../support/factories.ts'

let test: TestApp
beforeAll(async () => {
  test = await createTestApp()
})
afterAll(() => test.close())

describe('the audit log', () => {
  it('has the changes of a row in the order they were made, not that of their transactions', async () => {
    const { id } = await insertUser(test.sql)
    const update = (username: string) => ({
      id,
      row: JSON.stringify({ username }),
      versions: null,
      actor: 'anyone',
      requestId: null,
      address: null,
    })
    const write = { access: 'read write', deadline: 10_000 } as const
    await test.pool.transaction(write, async (slow) => {
      await slow.run(userChanges.byId, { id })
      await test.pool.transaction(write, (quick) => quick.run(userChanges.update, update('first')))
      await slow.run(userChanges.update, update('second'))
    })
    const log = await test.sql`
      select new ->> 'username' as name from shopboard.audit_log
      where table_name = 'users' and row_id = ${id} order by at, id`
    expect(log.map(({ name }) => name)).toEqual(['first', 'second'])
  })
})
