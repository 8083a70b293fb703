import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { verify } from '../../../src/db/rollup/verify.ts'
import { useDatabase } from '../../support/database.ts'
import { insertPost } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'
import { directoryOf, importFiles, importFrom } from './directory.ts'

const database = useDatabase()
const rows = 200_000

afterEach(async () => {
  const pool = openTestPool(database.url)
  try {
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
  } finally {
    await pool.close()
  }
})

const posts = (count: number) =>
  [
    'id,title,created_at',
    ...Array.from({ length: count }, (_, at) => `${at + 1},"Title, ${at}",2020-01-01`),
  ].join('\n')

/** The command on its way into the database, its rows not yet committed. */
async function importingChild(): Promise<{ child: ChildProcess; said: () => string }> {
  const directory = await directoryOf({ 'posts.csv': posts(rows) })
  const child = spawn(process.execPath, ['src/cli.ts', 'import', directory], {
    cwd: fileURLToPath(new URL('../../..', import.meta.url)),
    env: { ...process.env, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk
    })
  }
  await vi.waitUntil(isInserting, { timeout: 20_000, interval: 5 })
  return { child, said: () => text }
}

const sessions = (state: string) => database.sql`
  select from pg_stat_activity
  where datname = current_database() and application_name = 'shopboard bulk' and query like ${state}`
const isInserting = async () => (await sessions('%insert into%')).length > 0
const isGone = async () => (await sessions('%')).length === 0
const count = async () => (await database.sql`select from posts`).length

it('leaves nothing behind when killed', async () => {
  const { child } = await importingChild()
  child.kill('SIGKILL')
  await vi.waitUntil(isGone, { timeout: 20_000, interval: 20 })
  expect(await count()).toBe(0)
  expect(await database.sql`select from rollup.count_deltas`).toHaveLength(0)
  expect(await database.sql`select from pg_class where relname like 'import_%'`).toHaveLength(0)
}, 60_000)

it('rolls back on Ctrl-C, and says so', async () => {
  const { child, said } = await importingChild()
  child.kill('SIGINT')
  const [code] = await once(child, 'exit')
  expect(code).toBe(130)
  expect(said()).toContain('Interrupted. Nothing was imported.')
  await vi.waitUntil(isGone, { timeout: 20_000, interval: 20 })
  expect(await count()).toBe(0)
}, 60_000)

it('fails in one line when the database goes away', async () => {
  const { child, said } = await importingChild()
  await database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'shopboard bulk'`
  const [code] = await once(child, 'exit')
  expect(code).toBe(1)
  expect(said().trim().split('\n').at(-1)).toMatch(/^Import failed: .* Nothing was imported\.$/)
  expect(await count()).toBe(0)
}, 60_000)

it('works beside writers, who get ids past the imported ones', async () => {
  let isDone = false
  const written: number[] = []
  const writer = async () => {
    while (!isDone) written.push((await insertPost(database.sql)).id)
  }
  const writers = [writer(), writer(), writer()]
  const { table } = await importFiles(database.url, { 'posts.csv': posts(20_000) }).finally(() => {
    isDone = true
  })
  await Promise.all(writers)
  const { kept, skipped } = table('posts')
  expect(kept + skipped).toBe(20_000)
  expect(await count()).toBe(kept + written.length)
}, 60_000)

it('lets only one import at a time settle', async () => {
  const directory = await directoryOf({ 'users.csv': 'id,username\n1,Ann\n2,Ben\n' })
  const both = await Promise.all([1, 2, 3].map(() => importFrom(database.url, directory)))
  expect(both.reduce((sum, { table }) => sum + table('users').kept, 0)).toBe(2)
})
