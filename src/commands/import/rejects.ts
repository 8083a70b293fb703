import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bulk } from '../../db/bulk.ts'
import { stagingOf } from './staging.ts'
import type { ImportTable } from './tables.ts'

/** A rejects file under a temporary name. */
export type PendingRejects = {
  readonly path: string
  /** Gives it its name, over an earlier run's. */
  readonly publish: () => Promise<void>
  readonly discard: () => Promise<void>
}

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

  const rows = await sql`
    copy (
      select line, reason,
        coalesce(record, json_strip_nulls(json_build_object(${sql.unsafe(fields)}))::text) as record
      from ${sql(stagingOf(table))} s where reason is not null order by line
    ) to stdout (format csv, header)`.readable()
  try {
    await pipeline(rows, createWriteStream(partial))
  } catch (error) {
    await discard()
    throw error
  }
  return { path, publish: () => rename(partial, path), discard }
}

/** Removes the rejects of an earlier run. */
export const removeRejects = (directory: string, table: ImportTable): Promise<void> =>
  rm(rejectsPath(directory, table), { force: true })
