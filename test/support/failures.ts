import { afterEach, beforeEach, expect } from 'vitest'
import type { Pool } from '../../src/db/database.ts'
import type { ErrorCode } from '../../src/errors/error.ts'
import { createTestApp, type TestApp, type TestAppOptions } from './app.ts'
import { brokenPromises, mountFaultRoutes } from './failure-routes.ts'

export { addUser, postJson } from './failure-routes.ts'

/** The real app with the routes of fault-routes.ts. */
export async function createFaultApp(options: TestAppOptions = {}): Promise<TestApp> {
  const test = await createTestApp(options)
  mountFaultRoutes(test.app)
  return test
}

/** The failure a client sees: its status and code, when to come back, and nothing of the inside. */
export const expectProblem = async (answer: Response, ...codes: ErrorCode[]): Promise<void> =>
  expect(await brokenPromises(answer, codes)).toEqual([])

/** Every slot is back, and nobody waits for one. */
export const expectSettled = (pool: Pool) =>
  expect.poll(() => pool.stats(), { interval: 5 }).toMatchObject({ inUse: 0, waiting: 0 })

/** The database is there again: a request is answered with 200. */
export const expectRecovery = (request: () => Promise<Response>) =>
  expect.poll(async () => (await request()).status, { interval: 10 }).toBe(200)

/** How many statements with this text run on the server at this moment, on whatever connection. */
export async function runningOnServer(
  { sql }: Pick<TestApp, 'sql'>,
  text: string,
): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from pg_stat_activity
    where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
      and strpos(query, ${text}) > 0`
  return row?.n ?? 0
}

/** Fails a test of the file during which a promise or an exception went astray. */
export function refuseStrays(): void {
  const strays: unknown[] = []
  const note = (error: unknown) => strays.push(error)
  beforeEach(() => {
    process.on('unhandledRejection', note)
    process.on('uncaughtException', note)
  })
  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    process.off('uncaughtException', note)
    expect(strays.splice(0)).toEqual([])
  })
}
