import { beforeEach, describe, expect, it } from 'vitest'
import { runDemo } from '../../src/commands/demo/command.ts'
import { runImport } from '../../src/commands/import/command.ts'
import { startCli } from '../support/cli.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { refuseStrays } from '../support/failures.ts'
import { startProxy } from '../support/proxy.ts'
import { directoryOf } from './import/directory.ts'
import { commandDatabase, recordingTerminal } from './terminal.ts'

/** What another session holds to stop a command at a step. */
const holding = {
  'its turn': 'select pg_advisory_xact_lock(4807526977)',
  'its tables': 'lock table users in access exclusive mode',
  'its commit': 'select pg_advisory_xact_lock(77)',
  'its vacuum': 'lock table rollup.counts in share update exclusive mode',
}
type Step = keyof typeof holding

const until = new Date('2026-03-01T00:00:00Z')
const commands = {
  demo: (url: string, terminal = recordingTerminal()) =>
    runDemo(commandDatabase(url), { users: 1, seed: 1, until }, terminal),
  import: async (url: string, terminal = recordingTerminal()) =>
    runImport(
      commandDatabase(url),
      { directory: await directoryOf({ 'users.csv': 'id,username\n1,Ann\n' }) },
      terminal,
    ),
}
/** Caught soon after it started. */
const started = { interval: 20 }

const written = { demo: 'written', import: 'imported' }

const steps = (['demo', 'import'] as const).flatMap((name) =>
  (Object.keys(holding) as Step[])
    .filter((step) => name === 'import' || step !== 'its turn')
    .map((step) => [name, step] as const),
)

describe('a bulk command that waits for', () => {
  refuseStrays()
  let database: TestDatabase
  beforeEach(async () => {
    database = await createTestDatabase()
    await database.sql`
      create function wait() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(77); return new; end'`
    await database.sql`
      create constraint trigger wait after insert on users deferrable initially deferred for each row execute function wait()`
    return () => database.drop()
  })

  const sessions = () => database.sql`
    select pid from pg_stat_activity
    where datname = current_database() and application_name = 'shopboard bulk'`
  const waiting = async () =>
    (
      await database.sql`
        select from pg_stat_activity where datname = current_database()
          and application_name = 'shopboard bulk' and wait_event_type = 'Lock'`
    ).length

  /** Runs a command until it waits for `step`, then lets `act` happen. */
  async function stopped(name: keyof typeof commands, step: Step, act: () => unknown) {
    const terminal = recordingTerminal()
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder.unsafe(holding[step])
    const running = commands[name](database.url, terminal)
    await expect.poll(waiting).toBe(1)
    await act()
    const code = await running
    await expect.poll(sessions).toEqual([])
    await holder`rollback`
    holder.release()
    const [users] = await database.sql`select count(*)::integer as n from users`
    return { code, users: users?.n, ...terminal.written }
  }

  const terminate = async () => {
    for (const { pid } of await sessions()) await database.sql`select pg_terminate_backend(${pid})`
  }

  describe.each(steps)('%s: %s', (name, step) => {
    const isUnknown = step === 'its commit'
    const outcome = isUnknown
      ? `Everything was ${written[name]}, or nothing: the server did not say.`
      : `Nothing was ${written[name]}.`
    const done = { code: 0, users: 1, stderr: '' }

    it.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)(
      'ends by %s with its code, and says what became of the rows',
      async (signal, code) => {
        const end = await stopped(name, step, () => process.kill(process.pid, signal))
        if (step === 'its vacuum') {
          expect(end).toMatchObject(done)
          expect(end.stdout).toMatch(/, but not vacuumed: Interrupted\.\n/)
        } else {
          const stderr = `Interrupted${isUnknown ? ' during the commit' : ''}. ${outcome}\n`
          expect(end).toMatchObject({ code, users: 0, stderr })
        }
      },
    )

    it('ends when its session is terminated, and says what became of the rows', async () => {
      const end = await stopped(name, step, terminate)
      if (step === 'its vacuum') {
        expect(end).toMatchObject(done)
        expect(end.stdout).toMatch(
          /, but not vacuumed: The connection to the database was lost\.\n/,
        )
      } else {
        const lost = `The connection to the database was lost${isUnknown ? ' during the commit' : ''}`
        expect(end).toMatchObject({ code: 1, users: 0, stderr: `${lost}. ${outcome}\n` })
      }
    })
  })

  it.each([
    ['SIGINT', 'cannot be reached a second time', 130],
    ['reset', 'resets its connection', 1],
  ] as const)('%s ends the process, where the database %s', async (way, _, code) => {
    const proxy = await startProxy(database.url)
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder.unsafe(holding['its tables'])
    const { child, ended, stderr } = startCli(['demo', '--users', '1'], { DATABASE_URL: proxy.url })
    await expect.poll(waiting, started).toBe(1)
    proxy.manner = 'close'
    if (way === 'SIGINT') child.kill('SIGINT')
    else proxy.reset()
    expect(await ended).toBe(code)
    expect(stderr()).toMatch(
      /^(Interrupted|The connection to the database was lost)\. Nothing was written\.\n$/,
    )
    await holder`rollback`
    holder.release()
    await proxy.close()
  })

  it('ends the process at once on a second Ctrl-C', async () => {
    const proxy = await startProxy(database.url)
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder.unsafe(holding['its tables'])
    const { child, ended } = startCli(['demo', '--users', '1'], { DATABASE_URL: proxy.url })
    await expect.poll(waiting, started).toBe(1)
    const before = proxy.accepted
    proxy.manner = 'silent'
    child.kill('SIGINT')
    await expect.poll(() => proxy.accepted).toBe(before + 1)
    child.kill('SIGINT')
    expect(await ended).toBe('SIGINT')
    await holder`rollback`
    holder.release()
    await proxy.close()
  })
})
