import { describe, expect, it } from 'vitest'
import { runDemo } from '../../../src/commands/demo/command.ts'
import { useDatabase } from '../../support/database.ts'
import { commandDatabase, recordingTerminal } from '../terminal.ts'

describe('demo as a command', () => {
  const database = useDatabase()
  const until = new Date('2026-03-01T00:00:00Z')

  it('tells its rows and returns 0; adds to a community only with --append', async () => {
    const terminal = recordingTerminal()
    const run = (flags: object) =>
      runDemo(commandDatabase(database.url), { users: 20, seed: 1, until, ...flags }, terminal)
    expect(await run({})).toBe(0)
    expect(terminal.written.stdout).toMatch(
      /^demo: 1,420 rows, [\d,]+ rows\/s\n20 users, 200 posts, 1,000 comments, 200 sessions in \d+\.\d s\.\n$/,
    )
    expect(await run({})).toBe(1)
    expect(terminal.written.stderr).toBe(
      'This database holds a demo community already: --clear removes it, --append adds another. Nothing was written.\n',
    )
    expect(await run({ append: true })).toBe(0)
    expect(await database.sql`select from users`).toHaveLength(40)
  })

  it('clears what there is and says its rows, or that there is none', async () => {
    const terminal = recordingTerminal()
    const clear = () =>
      runDemo(commandDatabase(database.url), { users: 300, seed: 1, clear: true }, terminal)
    expect(await clear()).toBe(0)
    expect(await clear()).toBe(0)
    expect(terminal.written.stdout).toMatch(
      /^Removed the demo community: 40 users, 400 posts, 2,000 comments, 400 sessions in \d+\.\d s\.\nThere is no demo community in this database\.\n$/,
    )
  })
})
