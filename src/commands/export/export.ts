import { open, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Bulk, withBulk } from '../../db/bulk/bulk.ts'
import { type ImportTable, importTables } from '../import/tables.ts'
import type { Progress } from '../progress.ts'
import { type ExportDirectory, exportDirectory } from './directory.ts'
import { type Format, headerOf, linesOf } from './lines.ts'
import { batchesOf } from './rows.ts'

export type ExportOptions = {
  readonly databaseUrl: string
  readonly directory: string
  readonly format: Format
  readonly isPacked: boolean
  /** Whether files of an earlier export may be replaced. */
  readonly isForced: boolean
  readonly signal: AbortSignal
  readonly progress: Progress
}

export type Exported = {
  readonly table: string
  readonly file: string
  readonly rows: number
  /** Of the file. */
  readonly bytes: number
}

/**
 * Writes all tables as files that `import` reads, as they are in one snapshot. The files get their names when all are
 * written; only their owner may read them.
 * @throws what keeps it from that; then no file of it is left
 */
export async function exportTo(options: ExportOptions): Promise<readonly Exported[]> {
  const { databaseUrl, signal, isForced, format, isPacked } = options
  const directory = await exportDirectory(options.directory, isForced)
  const names: string[] = []
  return withBulk(databaseUrl, signal, async ({ sql }) => {
    try {
      // the ids' own index gives the order: nothing is sorted
      await sql`begin isolation level repeatable read read only`
      await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)`
      const exported: Exported[] = []
      for (const table of importTables) {
        const file = `${table.name}.${format}${isPacked ? '.gz' : ''}`
        if (isForced) await rm(directory.partial(file), { force: true })
        exported.push(await writeTable(sql, table, { ...options, directory, file, names }))
      }
      await sql`commit`
      signal.throwIfAborted()
      await directory.publish(names)
      return exported
    } catch (error) {
      await directory.discard(names)
      throw error
    }
  })
}

type Target = Omit<ExportOptions, 'directory'> & {
  readonly directory: ExportDirectory
  readonly file: string
  /** Grows by the file, once it is its own. */
  readonly names: string[]
}

async function writeTable(
  sql: Bulk['sql'],
  table: ImportTable,
  { directory, file, names, format, isPacked, signal, progress }: Target,
): Promise<Exported> {
  const step = progress.step(table.name, await expectedRows(sql, table))
  const path = directory.partial(file)
  let rows = 0
  async function* texts() {
    yield headerOf(table, format)
    for await (const batch of batchesOf(sql, table.name, linesOf(table, format))) {
      yield batch.text
      rows += batch.rows
      step.update(rows, rows)
    }
  }
  // opened before anything can fail: a stream might make the file once it has been removed
  const opened = await open(path, 'wx', 0o600).catch((error: Error) => {
    throw 'code' in error && error.code === 'EEXIST' ? new Error(`${path} ${isTaken}`) : error
  })
  names.push(file)
  const disk = opened.createWriteStream({ flush: true })
  if (isPacked) await pipeline(texts, createGzip(), disk, { signal })
  else await pipeline(texts, disk, { signal })
  step.end()
  return { table: table.name, file, rows, bytes: (await stat(path)).size }
}

const isTaken = 'is there: another export is writing it, or was killed; --force replaces it'

/** As PostgreSQL estimates it. */
async function expectedRows(sql: Bulk['sql'], { name }: ImportTable): Promise<number> {
  const [found] = await sql<{ n: number }[]>`
    select greatest(reltuples, 1)::float8 as n from pg_class where oid = ${`public.${name}`}::regclass`
  return found?.n ?? 1
}
