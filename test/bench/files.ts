import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import postgres from 'postgres'
import { output } from './processes.ts'

/** Writes every table as CSV into a folder. @returns how many rows */
export async function exportCsv(databaseUrl: string, folder: string): Promise<number> {
  const sql = postgres(databaseUrl, { max: 1 })
  let rows = 0
  for (const table of ['users', 'posts', 'comments', 'sessions']) {
    const source = await sql`copy ${sql(table)} to stdout (format csv, header)`.readable()
    await pipeline(source, createWriteStream(join(folder, `${table}.csv`)))
    const [counted] = await sql<{ n: number }[]>`select count(*)::integer as n from ${sql(table)}`
    rows += counted?.n ?? 0
  }
  await sql.end()
  return rows
}

const reporter = pathToFileURL(fileURLToPath(new URL('peak.js', import.meta.url)))

/** Runs a Node program to its end. @returns the most memory it ever held, in MB */
export async function peakOf(
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const said = await output(process.execPath, ['--import', reporter.href, ...args], env)
  return Number(/peak (\d+) kB/.exec(said)?.[1]) / 1024
}
