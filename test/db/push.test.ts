import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../support/database.ts'

/** It exits 0 whatever happens: only what it says counts. */
const drizzleKit = (args: readonly string[], env = {}) => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/drizzle-kit/bin.cjs', ...args],
    { env: { ...process.env, ...env }, encoding: 'utf8', timeout: 60_000 },
  )
  return `${stdout}${stderr}`
}
const push = (url: string) => drizzleKit(['push'], { DATABASE_URL: url })

describe('drizzle-kit push', () => {
  it('finds nothing to change in a migrated database', async () => {
    const { url, drop } = await createTestDatabase()
    expect(push(url)).toContain('No changes detected')
    await drop()
  })

  it('finds what is missing', async () => {
    const { url, sql, drop } = await createTestDatabase()
    await sql`drop index posts_feed`
    expect(push(url)).toContain('Changes applied')
    const [found] = await sql`select indexname from pg_indexes where indexname = 'posts_feed'`
    expect(found).toBeDefined()
    await drop()
  })
})

describe('drizzle-kit generate', () => {
  it('finds every table, column and check in the migrations', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'migrations-'))
    await cp('drizzle', copy, { recursive: true })
    const schema = ['--dialect', 'postgresql', '--schema', './src/db/schema.ts']
    expect(drizzleKit(['generate', ...schema, '--out', relative('.', copy)])).toContain(
      'No schema changes',
    )
    await rm(copy, { recursive: true })
  })
})
