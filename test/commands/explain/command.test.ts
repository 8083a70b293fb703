import { sql } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { demo } from '../../../src/commands/demo/demo.ts'
import { runExplain } from '../../../src/commands/explain/command.ts'
import type { AnyStatement } from '../../../src/commands/explain/known.ts'
import type { Placeholders, Statement } from '../../../src/db/statement.ts'
import { createTestDatabase, useDatabase } from '../../support/database.ts'
import { programStatements } from '../../support/program.ts'
import { useRole } from '../../support/role.ts'
import { commandDatabase, recordingTerminal } from '../terminal.ts'

/** Those of families in their usual variants: test/scale has them all. */
const { made } = await programStatements()
const program = made.toSorted((one, other) => (one.name < other.name ? -1 : 1))
const some = (...names: string[]) => program.filter(({ name }) => names.includes(name))
/** A statement that is none of the program's. */
const strange = (
  name: string,
  build: Statement<Record<string, unknown>, unknown>['build'],
): AnyStatement => ({ name, reads: [], build })

describe('explain', () => {
  const database = useDatabase()
  const server = useRole(
    database,
    `grant usage on schema rollup, shopboard to ROLE; grant select on all tables in schema rollup to ROLE;
     grant select, insert, update, delete on all tables in schema public, shopboard to ROLE`,
  )
  beforeAll(async () => {
    await demo({ databaseUrl: database.url, users: 30 })
    await database.sql`analyze`
  })

  async function explain(
    of: readonly AnyStatement[],
    { asked, url = database.url }: { asked?: string; url?: string } = {},
  ) {
    const terminal = recordingTerminal()
    let told: Record<string, unknown> = {}
    const code = await runExplain(
      commandDatabase(url),
      { statements: of, asked },
      {
        ...terminal,
        tell(facts) {
          told = { ...facts }
        },
      },
    )
    const { stdout, stderr } = terminal.written
    expect(stderr).toBe('')
    return { code, told, lines: stdout.trimEnd().split('\n') }
  }

  it('says of every statement that it uses its index, or why not, for a role that owns nothing', async () => {
    const { code, lines, told } = await explain(program, { url: server.url })
    const others = lines.filter((line) => !/^\w+: uses its index( \(|$)/.test(line))
    expect(others.filter((line) => !/^verify_\w+: exempt: recounts whole/.test(line))).toEqual([
      'fold: exempt: writes',
      'last_migration: denied: permission denied for schema drizzle',
      'rebuild: exempt: writes',
      'tend_audit: exempt: writes',
      expect.stringMatching(/^\d+ statements: denied \d+, exempt \d+, uses its index \d+\.$/),
    ])
    expect(code).toBe(0)
    expect(told.statements).toHaveLength(program.length)
  })

  it('shows the plans of one, and what it was asked for', async () => {
    const { code, lines } = await explain(program, { asked: 'activity_before' })
    expect(code).toBe(0)
    expect(lines[0]).toMatch(/^activity_before: uses its index \(\d+ rows, \d+ pages, [\d.]+ ms\)$/)
    expect(lines.filter((line) => line.startsWith('asked for'))).toEqual([
      expect.stringMatching(/^asked for much, \{.*"at":"\d{4}-.*:$/),
      expect.stringMatching(/^asked for little, \{.*"at":"\d{4}-.*:$/),
      expect.stringMatching(/^asked for what is not there, \{.*"at":"-infinity".*:$/),
    ])
    expect(lines.join('\n')).toContain('Index Scan Backward using comments_feed on public.comments')
  })

  it('names the statements most like one that is none', async () => {
    await expect(explain(program, { asked: 'activity_tpo' })).rejects.toThrow(
      /^There is no statement activity_tpo\. The nearest: activity_top, /,
    )
  })

  it('returns 1 and names the table that a statement scans', async () => {
    const scan = strange('scan', () => sql`select count(*) from posts where title = 'x'`)
    const { code, lines } = await explain([...some('activity_top'), scan])
    expect(code).toBe(1)
    expect(lines[1]).toMatch(/^scan: scans: reads the table posts from end to end \(300 rows, /)
    expect(lines[2]).toBe('2 statements: scans 1, uses its index 1.')
  })

  it('returns 1 where no value is known for a placeholder', async () => {
    const moody = strange(
      'moody',
      (_, { mood }: Placeholders<Record<string, unknown>>) => sql`select ${mood}::text`,
    )
    const { code, lines } = await explain([moody, ...some('activity_top')])
    expect(code).toBe(1)
    expect(lines[0]).toBe('moody: fails: no value is known for mood')
    expect(lines[1]).toMatch(/^activity_top: uses its index/)
  })

  it('returns 1 where a statement fails, and goes on with the others', async () => {
    const failing = strange('failing', () => sql`select 1 / n from unnest(array[0]) as n`)
    const { code, lines } = await explain([failing, ...some('activity_top')])
    expect(code).toBe(1)
    expect(lines[0]).toBe('failing: fails: division by zero')
    expect(lines[1]).toMatch(/^activity_top: uses its index/)
  })

  it('plans what writes, and writes nothing', async () => {
    const write = strange('write', () => sql`delete from users where id = 1`)
    const hidden = strange('hidden', () => sql`select rollup.fold()`)
    await database.sql`insert into users (username) values ('pending')`
    const counts = () =>
      database.sql`select (select count(*) from users) as users, (select count(*) from rollup.deltas) as deltas`
    const before = await counts()
    const { lines } = await explain([write, hidden, ...some('fold', 'rebuild')])
    expect(lines.slice(0, 4)).toEqual([
      'write: uses its index',
      'hidden: uses its index',
      'fold: exempt: writes',
      'rebuild: exempt: writes',
    ])
    expect(await counts()).toEqual(before)
  })

  it('says that a database is empty, and explains all the same', async () => {
    const empty = await createTestDatabase()
    const { code, lines } = await explain(some('activity_page', 'trends'), { url: empty.url })
    expect(code).toBe(0)
    expect(lines[0]).toMatch(/^The database is empty: /)
    expect(lines.at(-1)).toBe('2 statements: uses its index 2.')
    await empty.drop()
  })
})
