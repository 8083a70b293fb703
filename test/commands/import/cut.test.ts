import { readdir } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demo } from '../../../src/commands/demo/demo.ts'
import { runImport } from '../../../src/commands/import/command.ts'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { useDatabase } from '../../support/database.ts'
import { refuseStrays } from '../../support/failures.ts'
import { openTestPool } from '../../support/pool.ts'
import { startProxy, type TestProxy } from '../../support/proxy.ts'
import { commandDatabase, recordingTerminal } from '../terminal.ts'
import { directoryOf, postsCsv } from './directory.ts'

/** `CUTS=100 npm test -- test/commands/import/cut` beside a few busy loops takes some minutes. */
const cuts = Number(process.env.CUTS ?? 10)
const rows = 5_000

describe('an import whose connection breaks', () => {
  refuseStrays()
  const database = useDatabase()
  let pool: Pool
  let directory: string
  let duration: number
  beforeAll(async () => {
    pool = openTestPool(database.url)
  })
  afterAll(() => pool.close())

  const sessions = () => database.sql<{ pid: number }[]>`
    select pid from pg_stat_activity
    where datname = current_database() and application_name = 'shopboard bulk'`
  const ways = {
    cut: (proxy: TestProxy) => proxy.cut(),
    reset: (proxy: TestProxy) => proxy.reset(),
    terminate: async () => {
      for (const { pid } of await sessions())
        await database.sql`select pg_terminate_backend(${pid})`
    },
  }

  /** Imports in place of a demo, by way of a proxy, while `act` happens; returns what was said, and what is there. */
  async function imported(act: (proxy: TestProxy) => unknown) {
    await database.sql`truncate users, posts, comments, sessions cascade`
    await demo({ databaseUrl: database.url, users: 2 })
    const proxy = await startProxy(database.url)
    const terminal = recordingTerminal()
    const start = performance.now()
    const running = runImport(commandDatabase(proxy.url), { directory, replace: true }, terminal)
    await act(proxy)
    const code = await running
    const took = performance.now() - start
    await proxy.close()
    await expect.poll(sessions, { interval: 20 }).toEqual([])
    const [found] = await database.sql<{ n: number }[]>`select count(*)::integer as n from posts`
    return { code, stderr: terminal.written.stderr, posts: found?.n, took }
  }

  it(`at any of ${cuts} moments ends, and leaves all or nothing`, async () => {
    directory = await directoryOf({ 'posts.csv': `${postsCsv(rows)}\n${'x,,\n'.repeat(1500)}` })
    const whole = await imported(() => {})
    expect(whole).toMatchObject({ code: 0, posts: rows })
    duration = whole.took
    const names = Object.keys(ways) as (keyof typeof ways)[]
    for (let cut = 0; cut < cuts; cut++) {
      const way = names[cut % names.length] ?? 'cut'
      const { code, stderr, posts } = await imported(async (proxy) => {
        await after(Math.random() * duration * 1.1)
        await ways[way](proxy)
      })
      if (code === 0) expect({ way, stderr, posts }).toEqual({ way, stderr: '', posts: rows })
      else {
        expect({ way, code }).toEqual({ way, code: 1 })
        expect(stderr).toMatch(/^[^\n]+(Nothing was imported|the server did not say)\.\n$/)
        expect([20, stderr.includes('did not say') ? rows : 20]).toContain(posts)
      }
      expect(await readdir(directory)).not.toContainEqual(expect.stringMatching(/partial$/))
    }
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
  })
})
