import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type DemoFlags, demoHelp, runDemo } from './commands/demo/command.ts'
import { mostUsers } from './commands/demo/demo.ts'
import { runExplain } from './commands/explain/command.ts'
import { type ExportFlags, exportHelp, runExport } from './commands/export/command.ts'
import { grouped } from './commands/grouped.ts'
import { type ImportFlags, importHelp, runImport } from './commands/import/command.ts'
import { delimiterNamed } from './commands/import/delimiter.ts'
import { jsonOn } from './commands/json.ts'
import {
  type NewKeyFlags,
  runCreateKey,
  runListKeys,
  runRevokeKey,
} from './commands/keys/command.ts'
import { expiryOf } from './commands/keys/expiry.ts'
import { runMigrate } from './commands/migrate.ts'
import {
  type DatabaseCommand,
  type DatabaseCommandOptions,
  onDatabase,
} from './commands/on-database.ts'
import { runRebuild } from './commands/rebuild.ts'
import { terminalOf } from './commands/terminal.ts'
import { runVerify } from './commands/verify.ts'
import { type Scope, scopes } from './db/keys.ts'

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)

const program = new Command('shopboard')
  .description(
    'Works on the database of DATABASE_URL, or on the embedded one in DATA_DIR (.data), beside a running server too.',
  )
  .version(version)
  .showHelpAfterError()
  .configureOutput({
    outputError(text, write) {
      write(text)
      const name = process.argv.slice(2).find((each) => !each.startsWith('-')) ?? ''
      if (process.argv.includes('--json')) jsonOn(process, name).end(1, text)
    },
  })

program.command('serve').description('migrate, then serve: what npm start does').action(serve)

command('migrate', 'bring the schema up to date').action((flags: Json) =>
  run('migrate', runMigrate, flags, { isMigrating: true }),
)

command('import', 'import users, posts, comments and sessions from files')
  .argument('<dir>', 'the directory of the files')
  .option('--dry-run', 'do everything but the commit, and tell what an import would')
  .option('--replace', 'remove the demo community, and import, in one transaction')
  .option('--strict', 'import nothing when a row is rejected')
  .option(
    '--delimiter <char>',
    'of CSV: comma, semicolon, tab, pipe; default by the header',
    delimiter,
  )
  .option('--rejects <path>', 'where files of rejected rows go instead of DIR')
  .addHelpText('after', importHelp)
  .action((directory: string, flags: Omit<ImportFlags, 'directory'> & Json) =>
    run('import', runImport, { ...flags, directory }, { isSession: true }),
  )

command('export', 'write users, posts, comments and sessions to files that import reads')
  .argument('<dir>', 'the directory of the files')
  .addOption(
    new Option('--format <format>', 'of the files').choices(['csv', 'ndjson']).default('csv'),
  )
  .option('--plain', 'do not compress them')
  .option('--force', 'replace the files of an earlier export')
  .addHelpText('after', exportHelp)
  .action((directory: string, flags: Omit<ExportFlags, 'directory'> & Json) =>
    run('export', runExport, { ...flags, directory }, { isMigrating: false, isSession: true }),
  )

command('demo', 'generate a believable community: for each user 10 posts, 50 comments, 10 sessions')
  .option('--users <n>', `1 to ${grouped(mostUsers)}`, wholeNumber(1, mostUsers), 300)
  .option('--seed <n>', 'the same seed and --until give the same rows', wholeNumber(0, 2 ** 31), 1)
  .option('--until <time>', 'where its 1,000 days end; default now', instant)
  .option('--append', 'add to a community that is there')
  .addOption(
    new Option('--clear', 'remove the demo community instead, and nothing else').conflicts([
      'append',
      'users',
      'seed',
      'until',
    ]),
  )
  .option('--force', 'with --clear: also what other people wrote on it')
  .addHelpText('after', demoHelp)
  .action((flags: DemoFlags & Json, demo: Command) => {
    if (flags.force && !flags.clear) demo.error('error: --force goes with --clear')
    return run('demo', runDemo, flags, { isSession: true })
  })

command('verify', 'recount everything and compare with the rollups; exit 1 on any drift').action(
  (flags: Json) => run('verify', runVerify, flags, { isMigrating: false }),
)

command(
  'rebuild',
  'recount every rollup and mend what drifted, beside a running server too',
).action((flags: Json) => run('rebuild', runRebuild, flags, { isMigrating: false }))

const keys = program.command('keys').description('make, list and revoke the keys that callers show')

command('create', 'print a new key, this once', keys)
  .requiredOption('--name <text>', 'who uses it, and for what', keyName)
  .addOption(
    new Option('--scope <scope>', 'what it may do; more than once for more')
      .choices(scopes)
      .argParser<Scope[]>((text, before = []) => [...before, scopeNamed(text)])
      .makeOptionMandatory(),
  )
  .option('--expires <when>', '12h, 90d, 2w, or a date; default never', expiry)
  .action(({ scope, ...flags }: Omit<NewKeyFlags, 'scopes'> & { scope: Scope[] } & Json) =>
    run('keys create', runCreateKey, { ...flags, scopes: scope }),
  )

command('list', 'every key, the newest first', keys).action((flags: Json) =>
  run('keys list', runListKeys, flags, { isMigrating: false }),
)

command('revoke', 'let no server take a key any more', keys)
  .argument('<key>', 'its id, or the prefix that "keys list" shows')
  .action((key: string, flags: Json) => run('keys revoke', runRevokeKey, { ...flags, key }))

command('explain', 'the plan of every statement on this database; exit 1 where one scans a table')
  .argument('[statement]', 'the name of one, for its whole plan')
  .action(async (asked: string | undefined, flags: Json) => {
    // the whole program, which no other command needs
    const { everyStatement } = await import('./server/statements.ts')
    const statements = everyStatement()
    const options = { isMigrating: false, isSession: true }
    await run('explain', runExplain, { ...flags, statements, asked }, options)
  })

// whoever reads may stop, or the disk be full, before the command is done: its work and its exit code are the same
process.stderr.on('error', () => {})
process.stdout.on('error', () => {})
process.stdout.once('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') process.stderr.write(`What the command tells cannot be written: ${code}.\n`)
})

const terminal = terminalOf(process, process.env.TERM)
await program.parseAsync()

async function serve(): Promise<void> {
  const { start } = await import('./server/start.ts')
  await start(process.env)
}

type Json = { readonly json?: boolean }

function command(name: string, description: string, of = program): Command {
  return of
    .command(name)
    .description(description)
    .option('--json', 'tell it as one JSON object on stdout')
}

async function run<Flags extends Json>(
  name: string,
  work: DatabaseCommand<Flags>,
  flags: Flags,
  options: DatabaseCommandOptions = {},
): Promise<void> {
  process.exitCode = await onDatabase(work, flags, terminal, process.env, {
    ...options,
    ...(flags.json && { json: name }),
  })
}

function delimiter(text: string): string {
  const value = delimiterNamed(text)
  if (value === undefined)
    throw new InvalidArgumentError(
      'It should be comma, semicolon, tab, pipe or one character that is no letter, digit or quote.',
    )
  return value
}

function keyName(text: string): string {
  const name = text.trim()
  if (!/^[^\p{Cc}\p{Cs}]{1,200}$/u.test(name))
    throw new InvalidArgumentError('It should be 1 to 200 characters.')
  return name
}

function scopeNamed(text: string): Scope {
  const scope = scopes.find((each) => each === text)
  if (!scope) throw new InvalidArgumentError(`It should be one of ${scopes.join(', ')}.`)
  return scope
}

function expiry(text: string): string {
  const at = expiryOf(text, Date.now())
  if (at === undefined)
    throw new InvalidArgumentError('It should be 12h, 90d, 2w, or a date that lies ahead.')
  return at
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
