import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import postgres from 'postgres'
import { output } from './processes.ts'

/** Writes every table as CSV into a folder. @returns how many rows */
export async function exportCsv(databaseUrl: string, folder: string): Promise<number> {
  const sql = postgres(databaseUrl, { max: 1 })
  let rows = 0
  await chmod(folder, 0o777)
  for (const table of ['users', 'posts', 'comments', 'sessions']) {
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
export async function peakOf(
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const said = await output(process.execPath, ['--import', reporter.href, ...args], env)
  return Number(/peak (\d+) kB/.exec(said)?.[1]) / 1024
}
