import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../support/app.ts'
import { insertUser } from '../support/factories.ts'
import {
  addUser,
  createFaultApp,
  expectProblem,
  expectRecovery,
  expectSettled,
  postJson,
  refuseStrays,
} from '../support/failures.ts'

describe('a write the database refuses', () => {
  refuseStrays()
  let test: TestApp
  beforeAll(async () => {
    test = await createFaultApp({ pool: { size: 2 } })
  })
  afterAll(() => test.close())

  const add = (user: object) => test.request('/api/fault/users', postJson(user))

  it('is 409 for a value that is taken, and names the field alone', async () => {
    await insertUser(test.sql, { email: 'ada@example.com' })
    const answer = await add({ username: 'ada', email: 'ADA@example.com' })
    const text = await answer.clone().text()
    await expectProblem(answer, 'conflict')
    expect(JSON.parse(text).errors).toEqual([{ path: 'email', message: 'is already taken' }])
    expect(text).not.toMatch(/example|users_email/i)
    await expectSettled(test.pool)
  })

  it.each([
    ['a missing value', {}, 'username'],
    ['a value a check forbids', { username: '' }, 'username'],
    ['a value of the wrong shape', { username: 'bob', email: 'nowhere' }, 'email'],
  ])('is 422 for %s', async (_, user, path) => {
    const answer = await add(user)
    const { errors } = await answer.clone().json()
    await expectProblem(answer, 'constraint_failed')
    expect(errors).toMatchObject([{ path }])
  })

  it('is 422 for a reference to nothing and for a number out of range', async () => {
    const post = (authorId: string) => test.request('/api/fault/posts', postJson({ authorId }))
    await expectProblem(await post('4000000'), 'reference_missing')
    await expectProblem(await post('99999999999999999999'), 'constraint_failed')
    await expectProblem(await post('one'), 'constraint_failed')
  })

  it('leaves every slot free, and the next write succeeds', async () => {
    const wrong = await Promise.all(Array.from({ length: 20 }, () => add({})))
    for (const answer of wrong) await expectProblem(answer, 'constraint_failed')
    expect((await add({ username: 'carol' })).status).toBe(201)
    await expectSettled(test.pool)
  })

  it('is 503 while the database is read only, while reads go on, and succeeds after it', async () => {
    const { sql, url } = test
    const name = new URL(url).pathname.slice(1)
    await sql.unsafe(`alter database ${name} set default_transaction_read_only = on`)
    const frozen = await createFaultApp({ url })
    try {
      const answer = await frozen.request('/api/fault/users', postJson({ username: 'dave' }))
      await expectProblem(answer, 'database_read_only')
      await expectRecovery(() => frozen.request('/api/v1/activity'))
      await expectSettled(frozen.pool)
    } finally {
      await frozen.close()
      await sql`set default_transaction_read_only = off`
      await sql.unsafe(`alter database ${name} reset default_transaction_read_only`)
    }
    expect((await add({ username: 'dave' })).status).toBe(201)
  })

  it('is 503 for a write in a request that may only read', async () => {
    const fresh = await createFaultApp({ url: test.url })
    fresh.app.get('/api/fault/sneak', async (c) =>
      c.json(await c.var.db.run(addUser, { username: 'eve', email: null })),
    )
    await expectProblem(await fresh.request('/api/fault/sneak'), 'database_read_only')
    await expectSettled(fresh.pool)
    await fresh.close()
  })
})
