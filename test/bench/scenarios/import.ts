import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import postgres from 'postgres'
import { tableNames } from '../../../src/db/rollup/kinds.ts'
import { grouped } from '../figures.ts'
import { output, servers, startShopboard } from '../processes.ts'
import { atLeast, atMost } from '../report.ts'
import { statsPath } from './feed.ts'
import { goOnLiving } from './live.ts'
import { type Bench, uncached } from './scenario.ts'

/** The command itself, into an empty database with all triggers and indexes, beside a server, a writer and a reader. */
export async function measureImport({ data, report }: Bench): Promise<void> {
  const folder = join(data.folder, 'import')
  await using target = await data.scratch('empty')
  await using running = servers()
  try {
    const rows = await exportCsv(await data.full(), folder)
    const server = await running.start(startShopboard(target.url, uncached))
    const live = await goOnLiving(target.url, server.url + statsPath)
    const begun = performance.now()
    const args = ['--max-semi-space-size=4', 'src/cli.ts', 'import', folder]
    const peak = await peakOf(args, { DATABASE_URL: target.url })
    const seconds = (performance.now() - begun) / 1000
    const longest = await live.stop()
    report.say(`\nImport of ${grouped(rows)} rows in ${seconds.toFixed(1)} s`)
    report.row(atLeast(`import of ${grouped(rows)} rows`, [rows / seconds], 35_000, 'rows/s'))
    report.row(atMost('memory of the import', [peak], 300, 'MB'))
    report.row(atMost('longest wait of a live writer beside it', [longest.write], 200, 'ms'))
    report.row(atMost('longest wait of a live reader beside it', [longest.read], 200, 'ms'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Writes every table as CSV into a folder. @returns how many rows */
async function exportCsv(databaseUrl: string, folder: string): Promise<number> {
  const sql = postgres(databaseUrl, { max: 1 })
  let rows = 0
  await mkdir(folder)
  await chmod(folder, 0o777)
  for (const table of tableNames) {
    // By the server itself, which runs here: read through postgres.js, a large table never came to its end.
    const file = join(folder, `${table}.csv`)
    const written = await sql.unsafe(`copy ${table} to '${file}' (format csv, header)`)
    rows += written.count
  }
  await sql.end()
  return rows
}

const reporter = pathToFileURL(fileURLToPath(new URL('peak.js', import.meta.url)))

/** Runs a Node program to its end. @returns the most memory it ever held, in MB */
async function peakOf(args: readonly string[], env: Record<string, string>): Promise<number> {
  const said = await output(process.execPath, ['--import', reporter.href, ...args], env)
  return Number(/peak (\d+) kB/.exec(said)?.[1]) / 1024
}
