import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bulk } from '../../db/bulk/bulk.ts'
import { stagingOf } from './staging.ts'
import type { ImportTable } from './tables.ts'

/** A rejects file under a temporary name. */
export type PendingRejects = {
  readonly path: string
  /** Gives it its name, over an earlier run's. */
  readonly publish: () => Promise<void>
  readonly discard: () => Promise<void>
}

/** Of a record there are at most 4 MB. */
const batchRows = 100

export const rejectsPath = (directory: string, { name }: ImportTable): string =>
  join(directory, `rejects-${name}.csv`)

/**
 * Writes the refused rows of a table as CSV: line, reason, record. The record is JSON, or the line as it
 * stood where that could not be read.
 */
export async function writeRejects(
  sql: Bulk['sql'],
  table: ImportTable,
  directory: string,
): Promise<PendingRejects> {
  const path = rejectsPath(directory, table)
  const partial = `${path}.partial`
  const discard = () => rm(partial, { force: true })
  const fields = table.columns.flatMap(({ name }) => [`'${name}'`, `s.${name}`]).join(', ')

  await sql`
    declare import_rejects no scroll cursor for
    select line, reason,
      coalesce(record, json_strip_nulls(json_build_object(${sql.unsafe(fields)}))::text) as record
    from ${sql(stagingOf(table))} s where reason is not null order by line`
  try {
    await pipeline(csvOf(sql), createWriteStream(partial))
    await sql`close import_rejects`
  } catch (error) {
    await discard()
    throw error
  }
  return { path, publish: () => rename(partial, path), discard }
}

/** By a cursor of the transaction: now and then the driver never ends a long COPY to the client. */
async function* csvOf(sql: Bulk['sql']): AsyncGenerator<string> {
  yield 'line,reason,record\n'
  for (;;) {
    const rows = await sql<{ line: number; reason: string; record: string }[]>`
      fetch ${sql.unsafe(String(batchRows))} from import_rejects`
    if (rows.length === 0) return
    yield rows
      .map(({ line, reason, record }) => `${line},${quoted(reason)},${quoted(record)}\n`)
      .join('')
  }
}

const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Removes the rejects of an earlier run. */
export const removeRejects = (directory: string, table: ImportTable): Promise<void> =>
  rm(rejectsPath(directory, table), { force: true })
