import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Backend,
  type Client,
  cancelOnServer,
  oneConnection,
  openClient,
  sendAtOnce,
  sendPrepared,
} from '../../../src/db/pool/driver.ts'
import { useDatabase } from '../../support/database.ts'
import { refuseStrays } from '../../support/failures.ts'
import { startProxy, type TestProxy } from '../../support/proxy.ts'

/** What src/db/pool/driver.ts relies on inside postgres.js, one test each: a new version has to pass them all. */
describe('postgres.js', () => {
  refuseStrays()
  const database = useDatabase()
  let proxy: TestProxy
  let client: Client
  let events: string[]
  let isConnected: boolean

  /** Connects. @returns the server process behind the connection */
  const connect = async (): Promise<Backend> => {
    const { state } = await client.unsafe('select')
    isConnected = true
    return state
  }
  const sleeping = async () =>
    (
      await database.sql`
        select from pg_stat_activity
        where datname = current_database() and state = 'active' and query = 'select pg_sleep(30)'`
    ).length

  beforeEach(async () => {
    events = []
    isConnected = false
    proxy = await startProxy(database.url)
    const seen = events
    client = openClient(proxy.url, {
      connectTimeout: 2_000,
      parameters: { application_name: 'driver' },
      isConnected: () => isConnected,
      onLost: () => seen.push('lost'),
    })
  })
  afterEach(async () => {
    await client.end({ timeout: 0 })
    await proxy.close()
    // a server process in the middle of its sleep does not notice that its client is gone
    await database.sql`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and query = 'select pg_sleep(30)'`
  })

  it('is the version these reliances were read in', async () => {
    const file = new URL('../../../node_modules/postgres/package.json', import.meta.url)
    const { version } = JSON.parse(await readFile(file, 'utf8'))
    expect(version).toBe('3.4.9')
  })

  it.each([
    [2, 'is not given', undefined],
    [3, 'makes a socket', () => new Socket().setNoDelay()],
  ])('reads the option socket %i times per attempt when it %s', async (times, _, socket) => {
    const bare = postgres(proxy.url, oneConnection)
    let reads = 0
    Object.defineProperty(bare.options, 'socket', {
      get() {
        reads += 1
        // the last read asks whether the socket is connected already
        return reads % times === 0 ? undefined : socket
      },
    })
    const { state } = await bare.unsafe('select')
    expect(reads).toBe(times)
    await cancelOnServer(bare, state)
    expect(reads).toBe(2 * times)
    await bare.end({ timeout: 1 })
  })

  it('follows a connection closed during start-up with the next, unless the option socket throws', async () => {
    proxy.manner = 'hang up'
    await expect(client.unsafe('select')).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(proxy.accepted).toBe(1)
    const bare = postgres(proxy.url, oneConnection)
    const asked = bare.unsafe('select').catch(() => {})
    await expect.poll(() => proxy.accepted).toBeGreaterThan(5)
    await bare.end({ timeout: 0 })
    proxy.cut()
    proxy.manner = 'close'
    await Promise.race([asked, new Promise((resolve) => setImmediate(resolve))])
  })

  it('has a canceller behind a query that resolves once the CancelRequest is delivered', async () => {
    const backend = await connect()
    const asked = client.unsafe('select pg_sleep(30)').execute()
    await expect.poll(sleeping).toBe(1)
    const failed = expect(asked).rejects.toMatchObject({ code: '57014' })
    await cancelOnServer(client, backend)
    await failed
    expect(proxy.accepted).toBe(2)
    expect(await client.unsafe('select 1 as n')).toEqual([{ n: 1 }])
  })

  it('has a canceller that rejects when the CancelRequest cannot be delivered', async () => {
    const backend = await connect()
    await proxy.refuse()
    await expect(cancelOnServer(client, backend)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('names the server process in the state of any result', async () => {
    const backend = await connect()
    const [row] = await client.unsafe('select pg_backend_pid() as pid')
    expect(backend).toMatchObject({ pid: row?.pid, secret: expect.any(Number) })
  })

  it('prepares an unsafe statement with simple: false once per connection, with values or none', async () => {
    await connect()
    for (const n of [1, 2, 3]) {
      expect(await sendPrepared(client, 'select $1::int as n', [n])).toEqual([{ n }])
      expect(await sendPrepared(client, 'select 7 as n', [])).toEqual([{ n: 7 }])
    }
    const prepared = await client.unsafe(
      `select generic_plans + custom_plans as runs from pg_prepared_statements`,
    )
    expect(prepared).toEqual([{ runs: 3 }, { runs: 3 }])
  })

  it('sends the queries of one tick in one packet, and answers them in order', async () => {
    await connect()
    await sendPrepared(client, 'select $1::int as n', [0])
    proxy.roundTrips = 0
    const answers = await Promise.all([
      client.unsafe('begin'),
      sendPrepared(client, 'select $1::int as n', [1]),
      client.unsafe('commit'),
    ])
    expect(proxy.roundTrips).toBe(1)
    expect(answers.map(({ command }) => command)).toEqual(['BEGIN', 'SELECT', 'COMMIT'])
  })

  it('sends a statement with parameters of its own unprepared, in one packet with begin and commit', async () => {
    await connect()
    proxy.roundTrips = 0
    const sent = [
      client.unsafe('begin; set local jit = off'),
      sendAtOnce(
        client,
        'select $1::int as n, $2::text as none, $3::bool as yes, $4::timestamptz = $5::timestamptz as same, $6::json as json, pg_typeof($1)::text as type',
        [7, null, true, new Date(0), '1970-01-01T00:00:00Z', { a: 1 }],
        false,
      ),
      sendAtOnce(client, 'select 1::bigint as a, 2 as a', [], false).values(),
      client.unsafe('commit'),
    ]
    const [, row, columns, commit] = await Promise.all(sent)
    expect(proxy.roundTrips).toBe(1)
    expect(row).toEqual([
      { n: 7, none: null, yes: true, same: true, json: { a: 1 }, type: 'integer' },
    ])
    expect(columns).toEqual([[1, 2]])
    expect(commit?.command).toBe('COMMIT')
    expect(await client.unsafe('select from pg_prepared_statements')).toEqual([])
  })

  it('sends such a statement prepared as well, in one packet from the first time on', async () => {
    await connect()
    proxy.roundTrips = 0
    for (const n of [1, 2, 3])
      expect(await sendAtOnce(client, 'select $1::int as n', [n], true)).toEqual([{ n }])
    expect(proxy.roundTrips).toBe(3)
    const prepared = await client.unsafe(
      'select generic_plans + custom_plans as runs from pg_prepared_statements',
    )
    expect(prepared).toEqual([{ runs: 3 }])
  })

  it('goes on after an unprepared statement that fails, whether it is parsed or not', async () => {
    await connect()
    const sent = [
      sendAtOnce(client, 'select $1::int / $2::int as n', [1, 0], false),
      sendAtOnce(client, 'select $1::int from nowhere', [1], false),
      sendAtOnce(client, 'select $1::int as n', ['x'], false),
      sendAtOnce(client, 'select $1::int as n', [1], false),
    ]
    expect(await Promise.allSettled(sent)).toMatchObject([
      { reason: { code: '22012' } },
      { reason: { code: '42P01' } },
      { reason: { code: '22P02' } },
      { value: [{ n: 1 }] },
    ])
  })

  it('answers the commit of a failed transaction with the command ROLLBACK', async () => {
    await connect()
    const [, failed, commit] = await Promise.allSettled([
      client.unsafe('begin'),
      sendPrepared(client, 'select 1/0', []),
      client.unsafe('commit'),
    ])
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: '22012' } })
    expect(commit).toMatchObject({ status: 'fulfilled', value: { command: 'ROLLBACK' } })
  })

  it('gives a query its state when it is sent, and none before', async () => {
    const asked = client.unsafe('select').execute()
    await Promise.resolve()
    expect(asked).toMatchObject({ state: null })
    await asked
    expect(asked).toMatchObject({ state: { pid: expect.any(Number) } })
  })

  it('rejects a query it has not sent when it is cancelled, and never sends it', async () => {
    const connecting = client.unsafe('select').execute()
    const held = client.unsafe('create table held_back ()').execute()
    await Promise.resolve()
    held.cancel()
    await expect(held).rejects.toMatchObject({ code: '57014' })
    await connecting
    expect(await client.unsafe(`select to_regclass('held_back') as found`)).toEqual([
      { found: null },
    ])
  })

  it('rejects what is in flight when the connection is lost, and calls onclose', async () => {
    await connect()
    const asked = client.unsafe('select pg_sleep(30)').catch(() => events.push('rejected'))
    await expect.poll(sleeping).toBe(1)
    proxy.cut()
    await asked
    await expect.poll(() => events).toContain('lost')
    expect([...events].sort()).toEqual(['lost', 'rejected'])
  })

  it('rejects what is in flight when it is ended with timeout 0', async () => {
    await connect()
    const asked = expect(client.unsafe('select pg_sleep(30)')).rejects.toMatchObject({
      code: 'CONNECTION_DESTROYED',
    })
    await expect.poll(sleeping).toBe(1)
    await client.end({ timeout: 0 })
    await asked
  })

  it('reads instants and days as text, bigint as a number, json as its value', async () => {
    const rows = await sendPrepared(
      client,
      `select '2020-05-31 01:40:47.307001+00'::timestamptz as instant, '2020-05-31'::date as day,
        9007199254740991::bigint as n, '{"a":[1]}'::jsonb as json`,
      [],
    )
    expect(rows).toEqual([
      {
        instant: expect.stringMatching(/^2020-05-31 .*\.307001/),
        day: '2020-05-31',
        n: 2 ** 53 - 1,
        json: { a: [1] },
      },
    ])
  })

  it('writes a Date as an instant, a text as it is, and json once', async () => {
    const rows = await sendPrepared(
      client,
      `select $1::timestamptz = $2::timestamptz as same, $3::json::text as value, $4::json::text as text`,
      [new Date(0), '1970-01-01T00:00:00Z', { a: 1 }, '{"a":1}'],
    )
    expect(rows).toEqual([{ same: true, value: '{"a":1}', text: '{"a":1}' }])
  })

  it('gives the columns of each row in their order with values()', async () => {
    expect(await sendPrepared(client, 'select 1 as a, 2::bigint as a', []).values()).toEqual([
      [1, 2],
    ])
  })
})
