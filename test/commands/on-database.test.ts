import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CommandDatabase, onDatabase } from '../../src/commands/on-database.ts'
import { readPostmaster } from '../../src/db/embedded/postmaster.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'
import { startProxy } from '../support/proxy.ts'
import { recordingTerminal } from './terminal.ts'

describe('onDatabase', () => {
  const database = useDatabase()

  it('gives the command a migrated database and its flags, and returns its exit code', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const terminal = recordingTerminal()
    const command = async ({ url, config }: CommandDatabase, flags: { all: boolean }) => {
      expect([url, config.databaseUrl, flags]).toEqual([empty.url, empty.url, { all: true }])
      expect(await empty.sql`select from rollup.counts`).toEqual([])
      return 7
    }
    expect(await onDatabase(command, { all: true }, terminal, { DATABASE_URL: empty.url })).toBe(7)
    expect(terminal.written).toEqual({ stdout: '', stderr: '' })
    await empty.drop()
  })

  it('leaves the schema as it is for a command that says so', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const command = async () =>
      (await empty.sql`select from pg_namespace where nspname = 'rollup'`).length
    const env = { DATABASE_URL: empty.url }
    expect(await onDatabase(command, {}, recordingTerminal(), env, { isMigrating: false })).toBe(0)
    await empty.drop()
  })

  it('writes why the command failed and returns 1', async () => {
    const terminal = recordingTerminal()
    const command = () => Promise.reject(new Error('No room left.'))
    expect(await onDatabase(command, {}, terminal, { DATABASE_URL: database.url })).toBe(1)
    expect(terminal.written).toEqual({ stdout: '', stderr: 'No room left.\n' })
  })

  it.each([
    [{ PORT: 'x', DATABASE_URL: 'mysql://' }, /^DATABASE_URL should be .*\nPORT should be .*\n$/],
    [{ DATABASE_URL: 'postgres://127.0.0.1:1/nowhere' }, /Cannot use the database 127\.0\.0\.1:1/],
  ])('does not run the command when it has no database: %j', async (env, text) => {
    const terminal = recordingTerminal()
    const command = vi.fn(async () => 0)
    expect(await onDatabase(command, {}, terminal, env)).toBe(1)
    expect(command).not.toHaveBeenCalled()
    expect(terminal.written.stderr).toMatch(text)
  })

  it('waits for a database that is still starting, and says so', async () => {
    const proxy = await startProxy(database.url)
    await proxy.refuse()
    const terminal = recordingTerminal()
    const code = onDatabase(async () => 0, {}, terminal, { DATABASE_URL: proxy.url })
    await expect.poll(() => terminal.written.stderr).toMatch(/^Waiting for the database 127\.0\.0/)
    await proxy.accept()
    expect(await code).toBe(0)
    await proxy.close()
  })

  it('stops the embedded server after the command, even one that failed', async () => {
    const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    const dir = mkdtempSync(join(base, 'shopboard command '))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    const command = async () => {
      expect(readPostmaster(join(dir, 'pg18'))).toMatchObject({ status: 'ready' })
      throw new Error('It was running.')
    }
    const terminal = recordingTerminal()
    expect(await onDatabase(command, {}, terminal, { DATA_DIR: dir })).toBe(1)
    expect(terminal.written.stderr).toBe('It was running.\n')
    expect(readPostmaster(join(dir, 'pg18'))).toBeUndefined()
  })
})
