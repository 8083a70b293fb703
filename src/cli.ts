import { Command, InvalidArgumentError } from 'commander'
import { type DemoFlags, runDemo } from './commands/demo/command.ts'
import { mostUsers } from './commands/demo/demo.ts'
import { grouped } from './commands/grouped.ts'
import { type ImportFlags, importHelp, runImport } from './commands/import/command.ts'
import { runMigrate } from './commands/migrate.ts'
import {
  type DatabaseCommand,
  type DatabaseCommandOptions,
  onDatabase,
} from './commands/on-database.ts'
import { runRebuild } from './commands/rebuild.ts'
import { runVerify } from './commands/verify.ts'

const program = new Command('shopboard')
  .description(
    'Works on the database of DATABASE_URL, or on the embedded one in DATA_DIR (.data), beside a running server too.',
  )
  .showHelpAfterError()

program.command('serve').description('migrate, then serve: what npm start does').action(serve)

program
  .command('migrate')
  .description('bring the schema up to date')
  .action(() => run(runMigrate, {}, { isMigrating: true }))

program
  .command('import')
  .description('import users, posts, comments and sessions from files')
  .argument('<dir>', 'the directory of the files')
  .option('--rejects <path>', 'where files of rejected rows go instead of DIR')
  .option('--strict', 'import nothing when a row is rejected')
  .addHelpText('after', importHelp)
  .action((directory: string, flags: Omit<ImportFlags, 'directory'>) =>
    run(runImport, { ...flags, directory }, { isSession: true }),
  )

program
  .command('demo')
  .description('generate a believable community: for each user 10 posts, 50 comments, 10 sessions')
  .requiredOption('--users <n>', `1 to ${grouped(mostUsers)}`, wholeNumber(1, mostUsers))
  .option('--seed <n>', 'the same seed and --until give the same rows', wholeNumber(0, 2 ** 31), 1)
  .option('--until <time>', 'where its 1,000 days end; default now', instant)
  .option('--append', 'add to a community that is there')
  .action((flags: DemoFlags) => run(runDemo, flags, { isSession: true }))

program
  .command('verify')
  .description('recount everything and compare with the rollups; exit 1 on any drift')
  .action(() => run(runVerify, {}, { isMigrating: false }))

program
  .command('rebuild')
  .description('recount every rollup and mend what drifted, beside a running server too')
  .action(() => run(runRebuild, {}, { isMigrating: false }))

// whoever reads may stop before the command does: its work and its exit code are the same
for (const output of [process.stdout, process.stderr])
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
await program.parseAsync()

async function serve(): Promise<void> {
  const { start } = await import('./server/start.ts')
  await start(process.env)
}

async function run<Flags>(
  command: DatabaseCommand<Flags>,
  flags: Flags,
  options: DatabaseCommandOptions = {},
): Promise<void> {
  process.exitCode = await onDatabase(command, flags, process, process.env, options)
}

function wholeNumber(from: number, to: number) {
  return (text: string) => {
    const value = Number(text)
    if (!/^\d{1,10}$/.test(text) || value < from || value > to)
      throw new InvalidArgumentError(`It should be a whole number from ${from} to ${to}.`)
    return value
  }
}

function instant(text: string): Date {
  const value = new Date(text)
  if (Number.isNaN(value.getTime()))
    throw new InvalidArgumentError('It should be a time like 2026-01-31 or 2026-01-31T12:00:00Z.')
  return value
}
