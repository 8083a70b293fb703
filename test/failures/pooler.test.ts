import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noCache } from '../../src/cache/cache.ts'
import { watchTables } from '../../src/cache/watcher.ts'
import { runDemo } from '../../src/commands/demo/command.ts'
import { onDatabase } from '../../src/commands/on-database.ts'
import { runRebuild } from '../../src/commands/rebuild.ts'
import { runVerify } from '../../src/commands/verify.ts'
import { startFolding } from '../../src/db/rollup/fold.ts'
import { recordingTerminal } from '../commands/terminal.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { askOf } from '../support/ask.ts'
import {
  createFaultApp,
  expectProblem,
  expectRecovery,
  expectSettled,
  postJson,
  refuseStrays,
  runningOnServer,
} from '../support/failures.ts'
import { type PgBouncer, startPgBouncer, withoutPgBouncer } from '../support/pgbouncer.ts'

const activity = '/api/v1/activity'
const dashboard = '/api/v1/dashboard'
const routes = [
  `${dashboard}/stats`,
  `${dashboard}/stats?window=7d`,
  `${dashboard}/trends?metric=posts,signups&interval=day&tz=Europe/Lisbon`,
  `${dashboard}/active-users?from=2026-11-01&to=2026-11-20`,
  activity,
  `${activity}?kind=post,comment&pageSize=7`,
  `${activity}?page=90&pageSize=10`,
  `${activity}?authorId=3&pageSize=5`,
]
const pages = Array.from({ length: 40 }, (_, at) => `${activity}?page=${at + 1}&pageSize=25`)

/** The server pool is smaller than ours: every transaction may run on another of three connections. */
describe.skipIf(withoutPgBouncer)('the app behind PgBouncer in transaction mode', () => {
  refuseStrays()
  let direct: TestApp
  let pooler: PgBouncer
  let app: TestApp
  beforeAll(async () => {
    direct = await createTestApp()
    const env = { DATABASE_URL: direct.url }
    const until = new Date('2026-11-20')
    await onDatabase(runDemo, { users: 40, seed: 1, until }, recordingTerminal(), env)
    pooler = await startPgBouncer(direct.url, { poolSize: 3 })
    app = await createFaultApp({
      url: pooler.url,
      pool: { pooler: 'transaction', size: 10, queueLimit: 1_000 },
      services: { requestTimeout: 30_000 },
    })
  })
  afterAll(async () => {
    await app.close()
    await pooler.stop()
    await direct.close()
  })

  /** Without what is of the moment it was asked at. */
  const answerOf = async (asked: TestApp, path: string) => {
    const response = await asked.request(path)
    const text = await response.text()
    return `${response.status} ${text.replaceAll(/"(asOf|nextCursor|prevCursor)"\s*:\s*("[^"]*"|null)/g, '')}`
  }

  it('answers every route as without it, many at once', async () => {
    const paths = [...routes, ...pages]
    const expected = new Map<string, string>()
    for (const path of paths) expected.set(path, await answerOf(direct, path))
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(paths.map((path) => answerOf(app, path)))
      for (const [at, path] of paths.entries()) expect(answers[at]).toBe(expected.get(path))
    }
    expect([...expected.values()].every((answer) => answer.startsWith('200 '))).toBe(true)
  })

  it('keeps its promises to some while others are late, go away or write', async () => {
    const hurried = await createFaultApp({
      url: pooler.url,
      pool: { pooler: 'transaction', size: 6, acquireTimeout: 5_000 },
      services: { requestTimeout: 400 },
    })
    const late = Array.from({ length: 6 }, () => hurried.request('/api/fault/sleep?seconds=30'))
    const gone = Array.from({ length: 6 }, () => {
      const client = new AbortController()
      setTimeout(() => client.abort(), 60)
      return hurried.request('/api/fault/sleep?seconds=30', { signal: client.signal })
    })
    const written = Array.from({ length: 20 }, (_, n) =>
      app.request('/api/fault/users', postJson({ username: `written ${n}` })),
    )
    const read = routes.map((path) => app.request(path))
    for (const response of await Promise.all(late)) await expectProblem(response, 'timeout')
    for (const response of await Promise.all(gone)) await expectProblem(response, 'timeout')
    for (const response of await Promise.all(written)) expect(response.status).toBe(201)
    for (const response of await Promise.all(read)) expect(response.status).toBe(200)
    await expect.poll(() => runningOnServer(direct, 'pg_sleep')).toBe(0)
    const [users] =
      await direct.sql`select count(*)::int as n from users where username like 'written %'`
    expect(users?.n).toBe(20)
    await expectSettled(hurried.pool)
    await hurried.close()
  })

  it('has one alone of many change the version they know, and a post take along what comes meanwhile', async () => {
    const ask = askOf(app)
    const { answer, headers } = await ask('post', '/posts', { body: { title: 'shared' } })
    const { id } = answer
    const known = { 'If-Match': headers.get('etag') ?? '' }
    const changes = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        ask('patch', '/posts/{id}', { id, body: { title: `by ${at}` }, headers: known }),
      ),
    )
    expect(changes.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(changes.filter(({ status }) => status === 412)).toHaveLength(9)
    const comment = () => ask('post', '/comments', { body: { postId: id, body: 'meanwhile' } })
    await Promise.all([...Array.from({ length: 9 }, comment), ask('delete', '/posts/{id}', { id })])
    const live = await direct.sql`select from comments where post_id = ${id} and deleted_at is null`
    expect(live).toEqual([])
    await expectSettled(app.pool)
  })

  it('answers nothing but a clean 503 while the pooler restarts, and works after', async () => {
    const answers = new Set<string>()
    let isOver = false
    const clients = Array.from({ length: 12 }, async (_, n) => {
      while (!isOver) {
        const response = await app.request(routes[n % routes.length] ?? activity)
        answers.add(`${response.status}`)
        if (response.status !== 200) await expectProblem(response, 'database_unavailable')
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })
    await pooler.restart()
    await pooler.restart()
    await expectRecovery(async () => app.request(activity))
    isOver = true
    await Promise.all(clients)
    expect(answers).toEqual(new Set(['200', '503']))
    await expectSettled(app.pool)
  })

  it('watches, folds, verifies and rebuilds', async () => {
    const failures: unknown[] = []
    const watcher = watchTables({ pool: app.pool, cache: noCache, interval: 20 })
    const folding = startFolding({
      pool: app.pool,
      interval: 20,
      onFailed: (error) => failures.push(error),
    })
    await direct.sql`insert into users (username) values ('seen by all')`
    await expect.poll(async () => (await direct.sql`select from rollup.deltas`).length).toBe(0)
    await expect.poll(() => watcher.isUp()).toBe(true)
    await folding.stop()
    await watcher.stop()
    expect(failures).toEqual([])

    const env = { DATABASE_URL: pooler.url, POOLER: 'transaction' }
    const terminal = recordingTerminal()
    for (const command of [runRebuild, runVerify])
      expect(await onDatabase(command, {}, terminal, env, { isMigrating: false })).toBe(0)
    expect(terminal.written.stderr).toBe('')
  })

  it('says what a command needs that takes a session, and takes it past the pooler', async () => {
    const env = { DATABASE_URL: pooler.url, POOLER: 'transaction' }
    const flags = { users: 1, seed: 2, append: true }
    const refused = recordingTerminal()
    expect(await onDatabase(runDemo, flags, refused, env, { isSession: true })).toBe(1)
    expect(refused.written.stderr).toMatch(/^This command needs .*: set DATABASE_DIRECT_URL to/)
    const past = { ...env, DATABASE_DIRECT_URL: direct.url }
    expect(await onDatabase(runDemo, flags, recordingTerminal(), past, { isSession: true })).toBe(0)
  })

  it('has such a command say so where nobody said that there is a pooler', async () => {
    const flags = { users: 1, seed: 2, append: true }
    const refused = recordingTerminal()
    const env = { DATABASE_URL: pooler.url }
    expect(await onDatabase(runDemo, flags, refused, env, { isSession: true })).toBe(1)
    expect(refused.written.stderr).toMatch(
      /unsupported startup parameter: \w+, says the connection pooler before it: .*DATABASE_DIRECT_URL.* Nothing was written\.\n$/,
    )
  })

  it('has a command without a session say so, too', async () => {
    const refused = recordingTerminal()
    const env = { DATABASE_URL: pooler.url }
    expect(await onDatabase(runVerify, {}, refused, env, { isMigrating: false })).toBe(1)
    expect(refused.written.stderr).toMatch(/pooler before it: set POOLER=transaction\n$/)
  })

  it('has such a command refuse a pooler that drops what a session asks for', async () => {
    const dropping = await startPgBouncer(direct.url, {
      ignored: [
        'search_path',
        'statement_timeout',
        'lock_timeout',
        'idle_in_transaction_session_timeout',
      ],
    })
    const refused = recordingTerminal()
    const flags = { users: 1, seed: 2, append: true }
    const env = { DATABASE_URL: dropping.url }
    expect(await onDatabase(runDemo, flags, refused, env, { isSession: true })).toBe(1)
    expect(refused.written.stderr).toMatch(/^A connection pooler .* Nothing was written\.\n$/)
    await dropping.stop()
  })
})
