import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../support/database.ts'

/** push exits 0 whatever happens: only what it says counts. */
const push = (url: string) => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/drizzle-kit/bin.cjs', 'push'],
    { env: { ...process.env, DATABASE_URL: url }, encoding: 'utf8', timeout: 60_000 },
  )
  return `${stdout}${stderr}`
}

describe('drizzle-kit push', { timeout: 90_000 }, () => {
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
