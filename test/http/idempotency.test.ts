import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import type { PoolOptions } from '../../src/db/pool/pool.ts'
import { statement } from '../../src/db/statement.ts'
import type { Services } from '../../src/http/context.ts'
import { respondWrite } from '../../src/http/write.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { useDatabase } from '../support/database.ts'
import { addUser } from '../support/failure-routes.ts'
import { expectProblem, refuseStrays } from '../support/failures.ts'
import { type PgBouncer, startPgBouncer, withoutPgBouncer } from '../support/pgbouncer.ts'
import { startProxy } from '../support/proxy.ts'
import { useRole } from '../support/role.ts'

const database = useDatabase()
refuseStrays()

const count = statement<Record<never, never>, { n: number }>(
  'count_users',
  { reads: [] },
  () => sql`select count(*)::int as n from users`,
)

const opened: TestApp[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

type Open = {
  url?: string
  pool?: Partial<PoolOptions>
  services?: Partial<Services>
  /** What a call does besides. */
  besides?: (db: Database) => Promise<unknown>
}

/** A server of its own, as far as the others can tell, with POST /api/fault/once and /api/fault/twice, which add a user. */
async function open({ url = database.url, pool = {}, services = {}, besides }: Open = {}) {
  const test = await createTestApp({ url, pool, services })
  opened.push(test)
  for (const path of ['/api/fault/once', '/api/fault/twice', '/api/fault/bulk'])
    test.app.post(path, (c) =>
      respondWrite(c, ['users'], async (db) => {
        const { username = null, email = null } = await c.req.json()
        const [row] = await db.run(addUser, { username, email })
        await besides?.(db)
        const headers = { ETag: `W/"${row?.id}"`, Location: `/api/fault/${row?.id}` }
        return { status: 201, body: { id: row?.id, username }, headers }
      }),
    )
  const post = (key: string | undefined, body: unknown, path = '/api/fault/once') =>
    test.request(path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(key !== undefined && { 'Idempotency-Key': key }),
      },
      body: JSON.stringify(body),
    })
  return { ...test, post }
}

let made = 0
/** A key, and a body that can be taken once. */
const fresh = () => {
  made += 1
  return { key: `key ${made}`, body: { username: `user-${made}`, email: `user-${made}@a.example` } }
}
const usersNamed = async (username: string) =>
  (await database.sql`select from users where username = ${username}`).length
const isReplayed = (answer: Response) => answer.headers.get('idempotency-replayed') === 'true'
const times = <T>(n: number, work: (at: number) => T) =>
  Array.from({ length: n }, (_, at) => work(at))

describe('a POST with an Idempotency-Key', () => {
  it('is answered again as it was, and done once', async () => {
    const { post } = await open()
    const { key, body } = fresh()
    const first = await post(key, body)
    const second = await post(key, body)
    expect([first.status, second.status]).toEqual([201, 201])
    expect([isReplayed(first), isReplayed(second)]).toEqual([false, true])
    expect(await second.text()).toBe(await first.text())
    for (const name of ['etag', 'location', 'content-type', 'cache-control'])
      expect(second.headers.get(name)).toBe(first.headers.get(name))
    expect(await usersNamed(body.username)).toBe(1)
  })

  it('is answered again by another server', async () => {
    const [one, other] = [await open(), await open()]
    const { key, body } = fresh()
    await one.post(key, body)
    expect(isReplayed(await other.post(key, body))).toBe(true)
  })

  it('is done anew without a key, and under another', async () => {
    const { post } = await open()
    const body = { username: 'often' }
    for (const key of [undefined, undefined, 'often 1', 'often 2'])
      expect(isReplayed(await post(key, body))).toBe(false)
    expect(await usersNamed('often')).toBe(4)
  })

  it('is refused with another body, path or query', async () => {
    const { post } = await open()
    const { key, body } = fresh()
    await post(key, body)
    await expectProblem(await post(key, { username: 'else' }), 'idempotency_conflict')
    await expectProblem(await post(key, body, '/api/fault/twice'), 'idempotency_conflict')
    await expectProblem(await post(key, body, '/api/fault/once?a=1'), 'idempotency_conflict')
    expect(await usersNamed('else')).toBe(0)
  })

  it('has the key to itself: of another caller it is another', async () => {
    const callerOf: Services['callerOf'] = (c) => ({
      actor: c.req.header('x-request-id') ?? 'nobody',
      scopes: ['admin'],
    })
    const { app } = await open({ services: { callerOf } })
    const post = (actor: string) =>
      app.request('/api/fault/once', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Idempotency-Key': 'mine',
          'X-Request-Id': actor,
        },
        body: '{"username":"each"}',
      })
    for (const actor of ['key:1', 'key:2', 'key:1']) expect((await post(actor)).status).toBe(201)
    expect(await usersNamed('each')).toBe(2)
  })

  it.each(['', 'é', 'a\u007f', 'x'.repeat(256)])('is refused with the key %o', async (key) => {
    const { app } = await open()
    const headers = new Headers({ 'Content-Type': 'application/json' })
    headers.set('Idempotency-Key', key)
    const body = '{"username":"never"}'
    const answer = await app.request('/api/fault/once', { method: 'POST', headers, body })
    await expectProblem(answer, 'validation_failed')
  })

  it('is tried again where it failed', async () => {
    const { post } = await open()
    const { key, body } = fresh()
    await database.sql`insert into users (username, email) values ('before', ${body.email})`
    await expectProblem(await post(key, body), 'conflict')
    await expectProblem(await post(key, body), 'conflict')
    await database.sql`delete from users where username = 'before'`
    const answer = await post(key, body)
    expect([answer.status, isReplayed(answer)]).toEqual([201, false])
  })

  it('leaves nothing where its answer cannot be stored', async () => {
    const { post } = await open()
    const { key, body } = fresh()
    await database.sql`alter table shopboard.idempotency_keys add constraint none check (status <> 201) not valid`
    const answer = await post(key, body)
    await database.sql`alter table shopboard.idempotency_keys drop constraint none`
    await expectProblem(answer, 'constraint_failed')
    expect(await usersNamed(body.username)).toBe(0)
    expect(isReplayed(await post(key, body))).toBe(false)
  })

  it('is done anew a day later', async () => {
    const { post } = await open()
    const body = { username: 'daily' }
    await post('daily', body)
    await database.sql`update shopboard.idempotency_keys set created_at = now() - interval '24 hours 1 second'`
    expect(isReplayed(await post('daily', body))).toBe(false)
    expect(isReplayed(await post('daily', body))).toBe(true)
    expect(await usersNamed('daily')).toBe(2)
  })

  it('is done anew after a collision, and once', async () => {
    let tries = 0
    const { post } = await open({
      besides: async () => {
        tries += 1
        if (tries === 1) throw Object.assign(new Error(), { code: '40001' })
      },
    })
    const { key, body } = fresh()
    expect((await post(key, body)).status).toBe(201)
    expect(tries).toBe(2)
    expect(isReplayed(await post(key, body))).toBe(true)
    expect(await usersNamed(body.username)).toBe(1)
  })

  it('waits twice for the database, as without a key', async () => {
    const proxy = await startProxy(database.url)
    const { post } = await open({ url: proxy.url, pool: { size: 1 } })
    const tripsOf = async (key: string | undefined) => {
      proxy.roundTrips = 0
      await post(key, { username: 'trips' })
      return proxy.roundTrips
    }
    for (const key of [undefined, 'trips 1']) await tripsOf(key)
    expect([await tripsOf(undefined), await tripsOf('trips 2')]).toEqual([2, 2])
    await opened.pop()?.close()
    await proxy.close()
  })

  it('is not begun with before the answer is looked up, where its body is large', async () => {
    const { post, observed } = await open()
    const body = { username: 'x', note: 'y'.repeat(20_000) }
    await post('large', body)
    observed.length = 0
    expect(isReplayed(await post('large', body))).toBe(true)
    const names = observed.flatMap((each) =>
      each.type === 'database' && each.event.type === 'statement' ? [each.event.name] : [],
    )
    expect(names).toEqual(['lock_call', 'answer_of_call'])
  })
})

describe('twins of a POST with an Idempotency-Key', () => {
  it('wait for one of them without a connection', async () => {
    const { post, pool } = await open({ pool: { size: 10 } })
    const { key, body } = fresh()
    const answers = await Promise.all(times(50, () => post(key, body)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(answers.filter(isReplayed)).toHaveLength(49)
    expect(await usersNamed(body.username)).toBe(1)
    expect(pool.stats().acquired).toBe(1)
  })

  it.each(['read committed', 'repeatable read', 'serializable'])(
    'make one row over several servers, where the default is %s',
    async (isolation) => {
      const { pathname } = new URL(database.url)
      const setDefault = (level: string) =>
        database.sql.unsafe(
          `alter database "${pathname.slice(1)}" set default_transaction_isolation = '${level}'`,
        )
      await setDefault(isolation)
      const servers = await Promise.all(times(5, () => open()))
      for (let round = 0; round < 5; round += 1) {
        const { key, body } = fresh()
        const answers = await Promise.all(
          times(50, (at) => servers[at % servers.length]?.post(key, body)),
        )
        expect(new Set(answers.map((each) => each?.status))).toEqual(new Set([201]))
        expect(answers.filter((each) => each && !isReplayed(each))).toHaveLength(1)
        expect(await usersNamed(body.username)).toBe(1)
      }
      await setDefault('read committed')
    },
  )

  it('try it in turn where it fails', async () => {
    let tries = 0
    const { post } = await open({
      pool: { size: 10 },
      besides: async () => {
        tries += 1
        if (tries < 4) throw new Error('not yet')
      },
    })
    const { key, body } = fresh()
    const answers = await Promise.all(times(8, () => post(key, body)))
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...times(5, () => 201),
      500,
      500,
      500,
    ])
    expect(answers.filter(isReplayed)).toHaveLength(4)
    expect(await usersNamed(body.username)).toBe(1)
  })

  it('with another body are refused while the first runs', async () => {
    const held = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const besides = () => {
      begun.resolve()
      return held.promise
    }
    const { post } = await open({ besides })
    const { key, body } = fresh()
    const first = post(key, body)
    await begun.promise
    await expectProblem(await post(key, { username: 'else' }), 'idempotency_conflict')
    held.resolve()
    expect((await first).status).toBe(201)
  })

  it('are told that the first still runs, elsewhere or here', async () => {
    const held = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const besides = () => {
      begun.resolve()
      return held.promise
    }
    const one = await open({ besides, services: { requestTimeout: 2_000 } })
    const other = await open({ pool: { lockTimeout: 10 } })
    const { key, body } = fresh()
    const first = one.post(key, body)
    await begun.promise
    for (const twin of [other, one]) {
      const answer = await twin.post(key, body)
      expect(await answer.clone().json()).toMatchObject({ detail: expect.stringMatching(/still/) })
      await expectProblem(answer, 'idempotency_conflict')
    }
    held.resolve()
    expect((await first).status).toBe(201)
    expect(isReplayed(await other.post(key, body))).toBe(true)
  })

  it('leave the pool to others', async () => {
    const held = Promise.withResolvers<void>()
    const { post, app } = await open({ pool: { size: 2 }, besides: () => held.promise })
    app.get('/api/fault/count', async (c) => c.json(await c.var.db.run(count)))
    const { key, body } = fresh()
    const twins = times(50, () => post(key, body))
    expect((await app.request('/api/fault/count')).status).toBe(200)
    held.resolve()
    expect((await Promise.all(twins)).filter(isReplayed)).toHaveLength(49)
  })
})

describe.skipIf(withoutPgBouncer)('a POST with an Idempotency-Key through a pooler', () => {
  let bouncer: PgBouncer
  beforeAll(async () => {
    bouncer = await startPgBouncer(database.url)
  })
  afterAll(() => bouncer.stop())

  it('is done once, and waited for', async () => {
    const pool = { pooler: 'transaction' } as const
    const servers = await Promise.all(times(3, () => open({ url: bouncer.url, pool })))
    const { key, body } = fresh()
    const answers = await Promise.all(
      times(12, (at) => servers[at % servers.length]?.post(key, body)),
    )
    expect(answers.filter((each) => each && !isReplayed(each))).toHaveLength(1)
    expect(await usersNamed(body.username)).toBe(1)
  })
})

describe('a role that may not more than it needs', () => {
  const role = useRole(
    database,
    `grant usage on schema public, rollup, shopboard to ROLE;
     grant select, insert on users to ROLE; grant usage on all sequences in schema public to ROLE;
     grant select, insert, update on shopboard.idempotency_keys to ROLE`,
  )

  it('is done once, and waited for', async () => {
    const { post } = await open({ url: role.url })
    const { key, body } = fresh()
    expect((await post(key, body)).status).toBe(201)
    expect(isReplayed(await post(key, body))).toBe(true)
  })
})
