import { describe, expect, it } from 'vitest'
import { runDemo } from '../../../src/commands/demo/command.ts'
import { useDatabase } from '../../support/database.ts'
import { commandDatabase, recordingTerminal } from '../terminal.ts'

describe('demo as a command', () => {
  const database = useDatabase()
  const until = new Date('2026-03-01T00:00:00Z')

  it('rolls back on Ctrl-C, and says so', async () => {
    const locked = await database.sql.reserve()
    await locked`begin`
    await locked`lock table users in access exclusive mode`
    const flags = { users: 1, seed: 1, until }
    const interrupted = runDemo(commandDatabase(database.url), flags, recordingTerminal())
    const rejected = expect(interrupted).rejects.toThrow('Interrupted: nothing was written.')
    await expect
      .poll(
        () => database.sql`
          select from pg_stat_activity where datname = current_database()
            and application_name = 'shopboard bulk' and wait_event_type = 'Lock'`,
      )
      .toHaveLength(1)
    process.kill(process.pid, 'SIGINT')
    await rejected
    await locked`rollback`
    locked.release()
    expect(await database.sql`select from users`).toHaveLength(0)
  })

  it('tells its rows and returns 0; adds to a community only with --append', async () => {
    const terminal = recordingTerminal()
    const run = (flags: object) =>
      runDemo(commandDatabase(database.url), { users: 20, seed: 1, until, ...flags }, terminal)
    expect(await run({})).toBe(0)
    expect(terminal.written.stdout).toMatch(
      /^demo: 1,420 rows, [\d,]+ rows\/s\n20 users, 200 posts, 1,000 comments, 200 sessions in \d+\.\d s\.\n$/,
    )
    await expect(run({})).rejects.toThrow('To add a demo community to it: --append.')
    expect(await run({ append: true })).toBe(0)
    expect(await database.sql`select from users`).toHaveLength(40)
  })
})
