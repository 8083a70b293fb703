import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Embedded, startEmbedded } from '../../src/db/embedded/server.ts'
import { migrate } from '../../src/db/migrate.ts'
import type { TestApp } from '../support/app.ts'
import { connectTo } from '../support/database.ts'
import {
  createFaultApp,
  expectProblem,
  expectRecovery,
  expectSettled,
  postJson,
  refuseStrays,
} from '../support/failures.ts'

const activity = '/api/v1/activity'

describe('a database server of its own', () => {
  refuseStrays()
  const dir = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shopboard-restart-'),
  )
  let server: Embedded
  let test: TestApp
  /** The same port each time: it is the same server to the app. */
  let port = ''

  const start = async () => {
    server = await startEmbedded({ dir, settings: { ...(port && { port }) } })
    port = new URL(server.url()).port
  }

  beforeAll(async () => {
    await start()
    await migrate(server.url())
    test = await createFaultApp({
      url: server.url(),
      pool: { size: 4, connectTimeout: 500, acquireTimeout: 1_000 },
      services: { requestTimeout: 2_000 },
    })
  })
  afterAll(async () => {
    await test.close()
    await server.stop('immediate')
    rmSync(dir, { recursive: true, force: true })
  })

  /** Eight clients that read and write without a pause until told to stop; only 503 and 504 may come between. */
  function startLoad() {
    const acknowledged = new Set<string>()
    let made = 0
    let failed = 0
    let isOver = false
    const client = async () => {
      while (!isOver) {
        const username = `load-${crypto.randomUUID()}`
        const isRead = made++ % 2 === 0
        const answer = await (isRead
          ? test.request(activity)
          : test.request('/api/fault/users', postJson({ username })))
        if (answer.ok) {
          if (!isRead) acknowledged.add(username)
          continue
        }
        failed += 1
        await expectProblem(answer, 'database_unavailable', 'pool_exhausted', 'timeout')
      }
    }
    const clients = Promise.all(Array.from({ length: 8 }, client))
    return {
      acknowledged,
      failed: () => failed,
      async stop() {
        isOver = true
        await clients
      },
    }
  }

  it.each(['fast', 'immediate'] as const)(
    'may be stopped (%s) and started under load: clean 503s, then all is well, and no acknowledged write is lost',
    async (mode) => {
      const load = startLoad()
      await expect.poll(() => load.acknowledged.size).toBeGreaterThan(20)
      await server.stop(mode)
      await expect.poll(load.failed).toBeGreaterThan(20)
      await start()
      await expectRecovery(() => test.request(activity))
      const before = load.acknowledged.size
      await expect.poll(() => load.acknowledged.size).toBeGreaterThan(before + 20)
      await load.stop()
      await expectSettled(test.pool)
      const sql = connectTo(server.url())
      const kept = await sql<
        { username: string }[]
      >`select username from users where username ~ '^load-'`
      await sql.end()
      const names = new Set(kept.map(({ username }) => username))
      expect([...load.acknowledged].filter((name) => !names.has(name))).toEqual([])
    },
  )
})
