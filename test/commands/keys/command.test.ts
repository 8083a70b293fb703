import { describe, expect, it } from 'vitest'
import { hashOf, isKey } from '../../../src/auth/key.ts'
import { runCreateKey, runListKeys, runRevokeKey } from '../../../src/commands/keys/command.ts'
import { useDatabase } from '../../support/database.ts'
import { insertKey } from '../../support/keys.ts'
import { commandDatabase, recordingTerminal } from '../terminal.ts'

const database = useDatabase()

describe('keys create', () => {
  it('writes the key alone to standard output, and what it is to standard error', async () => {
    const terminal = recordingTerminal()
    const flags = {
      name: 'a script',
      scopes: ['write', 'read'] as const,
      expires: '2999-01-01T00:00:00Z',
    }
    expect(await runCreateKey(commandDatabase(database.url), flags, terminal)).toBe(0)
    const { stdout, stderr } = terminal.written
    const key = stdout.trim()
    expect(isKey(key)).toBe(true)
    expect(stderr).toMatch(
      /^\d+ sb_\w{8} "a script" read\+write, made .*, never used, expires 2999-01-01T/,
    )
    expect(stderr).not.toContain(key)
    const [row] = await database.sql`
      select scopes, created_by, expires_at::text from shopboard.keys where hash = decode(${hashOf(key)}, 'hex')`
    expect(row).toEqual({
      scopes: ['read', 'write'],
      created_by: 'command',
      expires_at: '2999-01-01 00:00:00+00',
    })
  })

  it('makes no key that has expired', async () => {
    const flags = { name: 'late', scopes: ['read'] as const, expires: '2020-01-01T00:00:00Z' }
    const made = runCreateKey(commandDatabase(database.url), flags, recordingTerminal())
    await expect(made).rejects.toThrow('The key would have expired already.')
  })

  it('tells programs all of it as one object', async () => {
    const told: object[] = []
    const terminal = { ...recordingTerminal(), tell: (facts: object) => void told.push(facts) }
    await runCreateKey(commandDatabase(database.url), { name: 'ci', scopes: ['admin'] }, terminal)
    expect(told).toMatchObject([
      { name: 'ci', scopes: ['admin'], key: expect.stringMatching(/^sb_/) },
    ])
    expect(terminal.written.stderr).toBe('')
  })
})

describe('keys list', () => {
  it('has a line for each key, the newest first', async () => {
    const [first, second] = [
      await insertKey(database.sql),
      await insertKey(database.sql, { revoked_at: 'now' }),
    ]
    const terminal = recordingTerminal()
    expect(await runListKeys(commandDatabase(database.url), {}, terminal)).toBe(0)
    const lines = terminal.written.stdout.split('\n')
    expect(lines[0]).toMatch(new RegExp(`^${second.id} ${second.prefix} .*, revoked `))
    expect(lines[1]).toMatch(
      new RegExp(`^${first.id} ${first.prefix} "${first.prefix}" read, made `),
    )
  })
})

describe('keys revoke', () => {
  const revoke = (key: string) =>
    runRevokeKey(commandDatabase(database.url), { key }, recordingTerminal())

  it.each(['id', 'prefix', 'key'] as const)(
    'revokes a key by its %s, and a second time no more',
    async (name) => {
      const made = await insertKey(database.sql)
      const named = String(made[name])
      expect(await revoke(named)).toBe(0)
      const [row] =
        await database.sql`select from shopboard.keys where id = ${made.id} and revoked_at is not null`
      expect(row).toBeDefined()
      await expect(revoke(named)).rejects.toThrow('is revoked already')
      await expect(revoke(named)).rejects.not.toThrow(made.key)
    },
  )

  it.each([
    ['99999', /^The key 99999 is not there/],
    ['sb_00000000', /^There is no key that begins with sb_00000000/],
    ['me', /^Name the key by its id or its prefix/],
  ])('says that it does not know %s', async (key, message) => {
    await expect(revoke(key)).rejects.toThrow(message)
  })
})
