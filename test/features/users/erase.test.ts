import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Caller, Scope } from '../../../src/auth/caller.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertUser } from '../../support/factories.ts'

let test: TestApp
let scopes: readonly Scope[] = ['admin']
beforeAll(async () => {
  test = await createTestApp({
    services: { callerOf: (): Caller => ({ actor: 'key:7', scopes }) },
  })
})
afterAll(() => test.close())

const erase = (id: number, headers = {}, query = '?erase=true') =>
  test.request(`/api/v1/users/${id}${query}`, { method: 'DELETE', headers })

let made = 0
/** By the API, so that the audit log knows them, with a change and a session. */
async function newPerson(): Promise<number> {
  const send = (method: string, path: string, body: unknown) =>
    test.request(path, {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const response = await send('POST', '/api/v1/users', {
    username: 'Grace Hopper',
    email: `grace${++made}@example.com`,
    preferences: { city: 'Arlington' },
    lastSeenAt: '2026-01-01',
  })
  const { id } = (await response.json()) as { id: number }
  await send('PATCH', `/api/v1/users/${id}`, { username: 'Grace B. Hopper' })
  await send('POST', '/api/v1/sessions', { userId: id })
  return id
}
const rowOf = async (id: number) =>
  (
    await test.sql`select username, email, preferences, last_seen_at, erased_at, deleted_at from users where id = ${id}`
  )[0]

describe('DELETE /api/v1/users/:id?erase=true', () => {
  it('leaves nothing personal in the row, and one audit row that says who erased it', async () => {
    const id = await newPerson()
    expect((await erase(id, { 'X-Request-Id': 'the-request' })).status).toBe(204)
    const { erased_at, deleted_at, ...rest } = (await rowOf(id)) ?? {}
    expect(rest).toEqual({ username: 'erased', email: null, preferences: {}, last_seen_at: null })
    expect([erased_at, deleted_at]).toEqual([expect.any(String), erased_at])
    const log = await test.sql`
      select action, actor, old, new from shopboard.audit_log
      where table_name = 'users' and row_id = ${id} order by id`
    expect(log.map(({ action }) => action)).toEqual(['create', 'update', 'erase'])
    for (const each of log) expect(each).toMatchObject({ actor: 'key:7', old: null, new: null })
  })

  it('starts the job that lets go of the rest', async () => {
    const id = await newPerson()
    await erase(id)
    const jobs = await test.sql`
      select kind, params, created_by from shopboard.jobs where key = ${String(id)}`
    expect([...jobs]).toEqual([{ kind: 'erase_user', params: { userId: id }, created_by: 'key:7' }])
  })

  it('is forever: the user is not found again, nor restored, nor erased twice', async () => {
    const id = await newPerson()
    await erase(id)
    expect((await erase(id)).status).toBe(404)
    expect((await erase(id, {}, '')).status).toBe(404)
    const restored = await test.request(`/api/v1/users/${id}/restore`, { method: 'POST' })
    expect(restored.status).toBe(404)
    expect((await erase(-1)).status).toBe(404)
  })

  it('erases who is deleted already', async () => {
    const { id } = await insertUser(test.sql, { deleted_at: '2026-01-01' })
    expect((await erase(id)).status).toBe(204)
    expect(await rowOf(id)).toMatchObject({ username: 'erased' })
  })

  it.each(['write', 'read'] as const)('is forbidden to the scope %s', async (lesser) => {
    const { id, username } = await insertUser(test.sql)
    scopes = [lesser]
    const { status } = await erase(id)
    scopes = ['admin']
    expect(status).toBe(403)
    expect(await rowOf(id)).toMatchObject({ username })
  })

  it('is a deletion without `erase`, or with false', async () => {
    for (const query of ['', '?erase=false']) {
      const { id, username } = await insertUser(test.sql)
      expect((await erase(id, {}, query)).status).toBe(204)
      expect(await rowOf(id)).toMatchObject({ username, erased_at: null })
    }
  })

  it.each(['?erase=yes', '?erase=', '?erased=true', '?erase=true&erase=true'])(
    'refuses %s',
    async (query) => {
      const { id } = await insertUser(test.sql)
      expect((await erase(id, {}, query)).status).toBe(400)
      expect(await rowOf(id)).toMatchObject({ deleted_at: null })
    },
  )

  it('erases the version that `If-Match` names, and no other', async () => {
    const id = await newPerson()
    const etag = (await test.request(`/api/v1/users/${id}`)).headers.get('etag') ?? ''
    await test.sql`update users set is_active = false where id = ${id}`
    expect((await erase(id, { 'If-Match': etag })).status).toBe(412)
    expect(await rowOf(id)).toMatchObject({ username: 'Grace B. Hopper', erased_at: null })
  })

  it('leaves to the job what the audit log has of them beyond 20,000 rows', async () => {
    const id = await newPerson()
    await test.sql`
      insert into shopboard.audit_log (at, actor, action, table_name, row_id, new)
      select now() - interval '1 hour', 'key:1', 'update', 'users', ${id}, '{"lastSeenAt": null}' from generate_series(1, 20100) i`
    const known = () => test.sql`
      select from shopboard.audit_log where table_name = 'users' and row_id = ${id} and new is not null`
    const before = await known()
    expect((await erase(id)).status).toBe(204)
    // one of the newest says who erased them
    expect(await known()).toHaveLength(before.length - 19_999)
  })

  it('scrubs what is written of the user while it waits for them', async () => {
    const id = await newPerson()
    const writer = await test.sql.reserve()
    await writer`begin`
    await writer`update users set username = 'Amazing Grace' where id = ${id}`
    await writer`
      insert into shopboard.audit_log (actor, action, table_name, row_id, new)
      values ('key:1', 'update', 'users', ${id}, '{"username": "Amazing Grace"}')`
    const erased = erase(id)
    const waiting = () => test.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await waiting()).length).toBe(1)
    await writer`commit`
    writer.release()
    expect((await erased).status).toBe(204)
    const left = await test.sql`
      select from shopboard.audit_log where table_name = 'users' and row_id = ${id} and new is not null`
    expect(left).toHaveLength(0)
  })
})
