import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { createApp } from '../../src/app.ts'
import { anyone } from '../../src/auth/caller.ts'
import { noCache } from '../../src/cache/cache.ts'
import { openPool } from '../../src/db/pool/pool.ts'
import type { ErrorCode } from '../../src/errors/error.ts'
import { cursorCodec } from '../../src/http/paging/cursor.ts'
import { brokenPromises, mountFaultRoutes, postJson } from './failure-routes.ts'
import { type Manner, startProxy, type TestProxy } from './proxy.ts'

export type SoakOptions = {
  /** A migrated database, with the right to end its sessions and alter it. */
  readonly url: string
  /** ms under fire. */
  readonly duration: number
  /** The same seed brings the same faults in the same order. */
  readonly seed: number
  /** Stops the server and starts it again on the same port, where the caller can. */
  readonly restart?: () => Promise<void>
  /** ms in which a request succeeds once a fault is over, and over its deadline in which it is answered. */
  readonly promised: { readonly recovery: number; readonly leeway: number }
  readonly say?: (line: string) => void
}
export type SoakReport = {
  /** Every promise that was broken; none, when all is well. */
  readonly violations: readonly string[]
  readonly faults: number
  /** Answers by status or code. */
  readonly answers: Readonly<Record<string, number>>
  /** ms from the end of the slowest fault to the next success. */
  readonly slowestRecovery: number
}

const requestTimeout = 600
/** ms after which the server ends what runs for a client it has not seen leave. */
const statementTimeout = 1_000
const name = 'shopboard-soak'
const allowed: readonly ErrorCode[] = [
  'database_unavailable',
  'pool_exhausted',
  'timeout',
  'database_read_only',
  'serialization_failed',
]

/** Keeps the app under load while one fault after the other befalls its database, and notes every broken promise. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { url, duration, seed, say = () => {} } = options
  const { recovery, leeway } = options.promised
  const random = generator(seed)
  const traffic = generator(seed)
  const proxy = await startProxy(url)
  const admin = postgres(url, {
    max: 2,
    onnotice: () => {},
    connection: { application_name: 'admin' },
  })
  const pool = openPool(proxy.url, {
    size: 4,
    acquireTimeout: 500,
    queueLimit: 50,
    connectTimeout: 400,
    statementTimeout,
    lockTimeout: 400,
    idleInTransactionTimeout: statementTimeout,
    applicationName: name,
    on: () => {},
  })
  const app = createApp({
    pool: () => pool,
    cursors: cursorCodec(new TextEncoder().encode('a key for the soak alone')),
    requestTimeout,
    cache: noCache,
    observe: () => {},
    runtime: 'node',
    keepAlive: () => {},
    isReady: () => true,
    callerOf: () => anyone,
    countView: () => {},
  })
  mountFaultRoutes(app)

  const violations: string[] = []
  const answers: Record<string, number> = {}
  const acknowledged = new Set<string>()
  let current = 'calm'
  let isOver = false
  const violated = (what: string) => {
    violations.push(`${current}: ${what}`)
    say(`VIOLATION ${current}: ${what}`)
  }
  const stray = (error: unknown) =>
    violated(`astray: ${error instanceof Error ? error.stack : error}`)
  process.on('unhandledRejection', stray)
  process.on('uncaughtException', stray)

  async function ask(path: string, init?: RequestInit): Promise<Response> {
    const begun = performance.now()
    const answer = await app.request(path, init)
    const took = performance.now() - begun
    if (took > requestTimeout + leeway) violated(`${path} answered after ${Math.round(took)} ms`)
    const outcome = answer.ok ? String(answer.status) : (await answer.clone().json()).code
    const told = init?.signal?.aborted ? `${outcome}, client left` : outcome
    answers[told] = (answers[told] ?? 0) + 1
    if (!answer.ok) for (const broken of await brokenPromises(answer, allowed)) violated(broken)
    return answer
  }

  async function client() {
    while (!isOver) {
      const dice = traffic()
      if (dice < 0.35) await ask('/api/v1/activity?pageSize=5')
      else if (dice < 0.5) await ask('/api/v1/dashboard/stats')
      else if (dice < 0.6) await ask('/api/fault/sleep?seconds=0.03')
      else if (dice < 0.62) await ask('/api/fault/sleep?seconds=30')
      else if (dice < 0.7)
        await ask('/api/v1/activity', { signal: AbortSignal.timeout(Math.round(dice * 30)) })
      else {
        const username = crypto.randomUUID()
        const answer = await ask('/api/fault/users', postJson({ username }))
        if (answer.ok) acknowledged.add(username)
      }
      await pause(2) // A refused connection costs nothing: without it the clients would only spin.
    }
  }

  /** @returns ms */
  async function recover(): Promise<number> {
    const begun = performance.now()
    for (;;) {
      const answer = await app.request('/api/v1/activity')
      const took = performance.now() - begun
      if (answer.ok || took > recovery * 5) {
        if (took > recovery) violated(`recovered after ${Math.round(took)} ms`)
        return took
      }
      await pause(5)
    }
  }

  const faults = Object.entries(faultsOf(options, proxy, admin, random))
  const clients = Promise.all(Array.from({ length: 8 }, client))
  const end = performance.now() + duration
  let befallen = 0
  let slowestRecovery = 0
  while (performance.now() < end) {
    const [title, befall] = faults[Math.floor(random() * faults.length)] ?? []
    if (!title || !befall) break
    current = title
    await befall()
    befallen += 1
    const took = await recover()
    slowestRecovery = Math.max(slowestRecovery, took)
    say(`${title}: recovered in ${Math.round(took)} ms`)
    await pause(random() * 100)
  }
  current = 'the end'
  isOver = true
  await clients
  await settled()
  process.off('unhandledRejection', stray)
  process.off('uncaughtException', stray)
  await pool.close()
  await admin.end({ timeout: 1 })
  await proxy.close()
  return { violations, faults: befallen, answers, slowestRecovery }

  /** No slot is missing, nothing runs on, nothing acknowledged is lost. */
  async function settled() {
    const isQuiet = async () => {
      const { inUse, waiting } = pool.stats()
      const [row] = await admin<{ n: number }[]>`
        select count(*)::int as n from pg_stat_activity
        where application_name = ${name} and datname = current_database() and state <> 'idle'`
      return inUse === 0 && waiting === 0 && row?.n === 0
    }
    const until = performance.now() + statementTimeout + recovery
    while (!(await isQuiet()) && performance.now() < until) await pause(10)
    if (!(await isQuiet())) violated(`left behind: ${JSON.stringify(pool.stats())}`)
    const kept = await admin<{ username: string }[]>`select username from users`
    const names = new Set(kept.map(({ username }) => username))
    const lost = [...acknowledged].filter((username) => !names.has(username))
    if (lost.length > 0) violated(`${lost.length} of ${acknowledged.size} acknowledged writes lost`)
  }
}

/** What may befall the database; each is over when its promise resolves. */
function faultsOf(
  { restart }: SoakOptions,
  proxy: TestProxy,
  admin: postgres.Sql,
  random: () => number,
): Record<string, () => Promise<unknown>> {
  const a = (longest: number) => pause(random() * longest)
  const manner = (wanted: Manner) => async () => {
    proxy.manner = wanted
    proxy.cut()
    await a(700)
    proxy.manner = 'pass'
  }
  const readOnly = async (value: 'on' | 'off') => {
    const [row] = await admin`select current_database() as name`
    await admin`set default_transaction_read_only = off`
    await admin.unsafe(`alter database "${row?.name}" set default_transaction_read_only = ${value}`)
    await signal('pg_terminate_backend', 1)
  }
  const signal = (how: 'pg_terminate_backend' | 'pg_cancel_backend', share: number) =>
    admin.unsafe(
      `select ${how}(pid) from pg_stat_activity
       where application_name = '${name}' and datname = current_database() and random() < ${share}`,
    )
  return {
    'cut off': async () => proxy.cut(),
    'cut off again and again': async () => {
      for (let times = 0; times < 10; times += 1) {
        proxy.cut()
        await a(40)
      }
    },
    refused: async () => {
      await proxy.refuse()
      await a(700)
      await proxy.accept()
    },
    silent: manner('silent'),
    'door slammed': manner('close'),
    'closed during start-up': manner('hang up'),
    'another protocol': manner('babble'),
    frozen: async () => {
      proxy.freeze()
      await a(1_000)
      proxy.cut()
    },
    slow: async () => {
      proxy.delay = 10 + random() * 100
      await a(700)
      proxy.delay = 0
    },
    terminated: () => signal('pg_terminate_backend', random()),
    cancelled: () => signal('pg_cancel_backend', random()),
    locked: () =>
      admin.begin(async (locked) => {
        await locked`set local lock_timeout = '5s'`
        await locked`lock table users in access exclusive mode`
        await a(700)
      }),
    'read only': async () => {
      await readOnly('on')
      await a(400)
      await readOnly('off')
    },
    ...(restart && { 'stopped and started': restart }),
  }
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
