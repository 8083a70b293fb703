import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { TestApp } from '../support/app.ts'
import { useDatabase } from '../support/database.ts'
import {
  createFaultApp,
  expectProblem,
  expectRecovery,
  expectSettled,
  postJson,
  refuseStrays,
} from '../support/failures.ts'
import { type Manner, startProxy, type TestProxy } from '../support/proxy.ts'

/** Waiting callers outlast a failing connection: they see the reason, not a full pool. */
const limits = { connectTimeout: 300, acquireTimeout: 3_000 }
const activity = '/api/v1/activity'

describe('a database that cannot be reached', () => {
  refuseStrays()
  const database = useDatabase()
  let proxy: TestProxy
  let test: TestApp | undefined
  beforeEach(async () => {
    proxy = await startProxy(database.url)
  })
  afterEach(async () => {
    await test?.close()
    await proxy.close()
    test = undefined
  })

  /** Reads and writes, more at once than there are slots: every one gets its 503, and no slot is lost. */
  async function expectUnavailable(url: string): Promise<TestApp> {
    const opened = await createFaultApp({ url, pool: limits })
    test = opened
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => opened.request(activity)),
      opened.request('/api/v1/dashboard/stats'),
      opened.request('/api/fault/users', postJson({ username: 'ada' })),
    ])
    for (const answer of answers) await expectProblem(answer, 'database_unavailable')
    await expectSettled(opened.pool)
    return opened
  }

  it('is 503 when the connection is refused, and 200 once it is not', async () => {
    await proxy.refuse()
    const { request, pool } = await expectUnavailable(proxy.url)
    await proxy.accept()
    await expectRecovery(() => request(activity))
    await expectSettled(pool)
  })

  it.each<[string, Manner]>([
    ['accepts and never answers', 'silent'],
    ['slams the door', 'close'],
    ['closes during start-up', 'hang up'],
    ['speaks another protocol', 'babble'],
  ])(
    'is 503, without a storm of attempts, when the server %s, and 200 once it does not',
    async (_, manner) => {
      proxy.manner = manner
      const { request, pool } = await expectUnavailable(proxy.url)
      expect(proxy.accepted).toBeLessThan(50)
      proxy.manner = 'pass'
      await expectRecovery(() => request(activity))
      await expectSettled(pool)
    },
  )

  it('is 503 when the host is unknown', async () => {
    await expectUnavailable('postgres://postgres:secret@name.invalid:5432/postgres')
  })

  it.each([
    ['user', { username: 'nobody_here' }],
    ['database', { pathname: '/nothing_here' }],
  ])('is 503 when the %s does not exist', async (_, parts) => {
    await expectUnavailable(Object.assign(new URL(inject('adminUrl')), parts).toString())
  })

  it('is 503 while the server has no connection to give, and 200 right after', async () => {
    const { sql, url } = database
    const role = `limited_${crypto.randomUUID().replaceAll('-', '')}`
    await sql.unsafe(`create role ${role} login password 'limited' connection limit 0`)
    try {
      await sql.unsafe(`grant usage on schema rollup to ${role}; grant pg_read_all_data to ${role}`)
      const limited = Object.assign(new URL(url), { username: role, password: 'limited' })
      const { request, pool } = await expectUnavailable(limited.toString())
      await sql.unsafe(`alter role ${role} connection limit 5`)
      await expectRecovery(() => request(activity))
      await expectSettled(pool)
    } finally {
      await test?.close()
      await sql.unsafe(`drop owned by ${role}`)
      await sql.unsafe(`drop role ${role}`)
    }
  })

  it('is told to the log with its cause', async () => {
    await proxy.refuse()
    const { observed } = await expectUnavailable(proxy.url)
    const errors = observed.filter((observation) => observation.type === 'error')
    expect(errors).toHaveLength(6)
    expect(errors[0]).toMatchObject({ status: 503, error: { code: 'ECONNREFUSED' } })
  })
})
