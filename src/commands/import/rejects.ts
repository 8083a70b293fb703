import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Bulk, Fragment } from '../../db/bulk/bulk.ts'
import { systemCodeOf } from '../../errors/system.ts'
import { ImportError } from './error.ts'
import type { ImportFile } from './files.ts'
import { originalsOf } from './originals.ts'
import { csvReason, ndjsonReason, type ReasonWriter } from './reason.ts'

type Sql = Bulk['sql']

/** A file of records that were not kept, under a temporary name. */
export type PendingRejects = {
  readonly path: string
  /** Gives it its name, over an earlier run's. */
  readonly publish: () => Promise<void>
  readonly discard: () => Promise<void>
}

/** What such a file holds: rows that cannot be kept, or those that differ from the row of their id. */
export type RejectsName = 'rejects' | 'skipped'
type Reasoned = { readonly line: string; readonly reason: string }

const batchRows = 1000

/** Failures to write a file, and not those of the connection. */
const ofDisk = /^E(EXIST|NOSPC|DQUOT|FBIG|IO|ROFS|ACCES|PERM|ISDIR|NOENT|LOOP|MFILE|NAMETOOLONG)$/

const rejectsPath = (directory: string, name: RejectsName, { table, format }: ImportFile): string =>
  join(directory, `${name}-${table.name}.${format}`)

/**
 * Writes the records of a file whose `line` and `reason` a query gives by ascending line, in the file's own format but
 * unpacked, each with its line and reason: they can be corrected and imported again. The file is read a second time for it.
 * @throws ImportError when it has changed since the first
 */
export async function writeRejects(
  sql: Sql,
  file: ImportFile,
  name: RejectsName,
  reasons: Fragment,
  directory: string,
): Promise<PendingRejects> {
  const path = rejectsPath(directory, name, file)
  const partial = `${path}.partial`
  const discard = () => rm(partial, { force: true }).catch(() => {})

  await sql`declare import_rejects no scroll cursor for ${reasons}`
  try {
    // an earlier run's goes first: a link that somebody laid there would be followed
    await discard()
    await pipeline(rejectsOf(file, reasonsOf(sql)), createWriteStream(partial, { flags: 'wx' }))
    await sql`close import_rejects`
  } catch (error) {
    await discard()
    throw ofDisk.test(systemCodeOf(error) ?? '')
      ? new ImportError(
          `${path} cannot be written: ${error instanceof Error ? error.message : error}.`,
          { cause: error },
        )
      : error
  }
  return { path, publish: () => rename(partial, path), discard }
}

/** By a cursor of the transaction: now and then the driver never ends a long COPY to the client. */
async function* reasonsOf(sql: Sql): AsyncGenerator<Reasoned> {
  for (;;) {
    const rows = await sql<Reasoned[]>`fetch ${sql.unsafe(String(batchRows))} from import_rejects`
    yield* rows
    if (rows.length < batchRows) return
  }
}

async function* rejectsOf(
  file: ImportFile,
  reasons: AsyncGenerator<Reasoned>,
): AsyncGenerator<Buffer> {
  await refuseChanged(file)
  const { records, delimiter } = originalsOf(file)
  let next = await reasons.next()
  let withReason: ReasonWriter | undefined = file.format === 'ndjson' ? ndjsonReason : undefined
  for await (const batch of records) {
    const written: Buffer[] = []
    for (const original of batch) {
      if (!withReason) {
        const csv = csvReason(original, delimiter())
        written.push(csv.header)
        withReason = csv.withReason
      } else if (!next.done && Number(next.value.line) === original.line) {
        const { line, reason } = next.value
        written.push(withReason(original, `line ${line}: ${reason}`))
        next = await reasons.next()
      }
    }
    yield Buffer.concat(written)
    if (next.done) return
  }
  throw changed(file)
}

async function refuseChanged(file: ImportFile): Promise<void> {
  const found = await stat(file.path).catch(() => undefined)
  if (found?.size !== file.size || found.mtimeMs !== file.changedAt) throw changed(file)
}

const changed = ({ name }: ImportFile) => new ImportError(`${name} changed while it was imported.`)

/** Removes what an earlier run wrote of the table into a directory, where that can be. */
export async function removeRejects(directory: string, { table }: ImportFile): Promise<void> {
  for (const name of ['rejects', 'skipped'])
    for (const format of ['csv', 'ndjson'])
      await rm(join(directory, `${name}-${table.name}.${format}`), { force: true }).catch(() => {})
}
