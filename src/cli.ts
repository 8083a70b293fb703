import { Command, InvalidArgumentError } from 'commander'
import { demo, mostUsers } from './commands/demo/demo.ts'
import { type ImportFlags, importHelp, runImport } from './commands/import/command.ts'
import { grouped, progressOn } from './commands/progress.ts'
import { type Config, readConfig } from './config.ts'
import { migrateWhenUp } from './db/migrate-when-up.ts'
import { openPool } from './db/pool/pool.ts'
import { provideDatabase } from './db/provide.ts'
import { verify } from './db/rollup/verify.ts'

const program = new Command('shopboard')
  .description(
    'Works on the database of DATABASE_URL, or on the embedded one in DATA_DIR (.data), beside a running server too.',
  )
  .showHelpAfterError()

program
  .command('migrate')
  .description('bring the schema up to date')
  .action(() =>
    onDatabase(async () => {
      console.log('The schema is up to date.')
      return 0
    }),
  )

program
  .command('import')
  .description('import users, posts, comments and sessions from files')
  .argument('<dir>', 'the directory of the files')
  .option('--rejects <path>', 'where files of rejected rows go instead of DIR')
  .option('--strict', 'import nothing when a row is rejected')
  .addHelpText('after', importHelp)
  .action((dir: string, flags: ImportFlags) => onDatabase((url) => runImport(url, dir, flags)))

program
  .command('demo')
  .description('generate a believable community: for each user 10 posts, 50 comments, 10 sessions')
  .requiredOption('--users <n>', `1 to ${grouped(mostUsers)}`, wholeNumber(1, mostUsers))
  .option('--seed <n>', 'the same seed and --until give the same rows', wholeNumber(0, 2 ** 31), 1)
  .option('--until <time>', 'where its 1,000 days end; default now', instant)
  .option('--append', 'add to a community that is there')
  .action((flags: DemoFlags) => onDatabase((url) => runDemo(url, flags)))

program
  .command('verify')
  .description('recount everything and compare with the rollups; exit 1 on any drift')
  .action(() => onDatabase(runVerify))

await program.parseAsync()

/** Provides the database, migrated; the process ends with the code that `work` returns. */
async function onDatabase(work: (url: string, config: Config) => Promise<number>) {
  let stop = async () => {}
  try {
    const config = readConfig(process.env)
    const database = await provideDatabase(config)
    stop = database.stop
    await migrateWhenUp(database.url, 5_000, (reason) =>
      console.error(`Waiting for the database ${reason}`),
    )
    process.exitCode = await work(database.url, config)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  } finally {
    await stop()
  }
}

type DemoFlags = { users: number; seed: number; until?: Date; append?: boolean }

async function runDemo(databaseUrl: string, flags: DemoFlags): Promise<number> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const start = performance.now()
  const step = progressOn(process.stdout).step('demo', 71 * flags.users)
  try {
    const counts = await demo({
      databaseUrl,
      ...flags,
      signal: interruption.signal,
      onProgress: (rows) => step.update(rows, rows),
    })
    step.end()
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    const texts = Object.entries(counts).map(([table, rows]) => `${grouped(rows)} ${table}`)
    console.log(`${texts.join(', ')} in ${seconds} s.`)
    return 0
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

async function runVerify(url: string, config: Config): Promise<number> {
  const pool = openPool(url, {
    ...config,
    size: 1,
    statementTimeout: 0,
    applicationName: 'shopboard verify',
    on: () => {},
  })
  try {
    const verified = await verify(pool)
    for (const { rollup, entries, drift, examples } of verified) {
      console.log(
        `${rollup}: ${grouped(entries)} entries, ${drift === 0 ? 'no' : grouped(drift)} drift`,
      )
      for (const example of examples) console.log(`  ${example}`)
    }
    return verified.some(({ drift }) => drift > 0) ? 1 : 0
  } finally {
    await pool.close()
  }
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
