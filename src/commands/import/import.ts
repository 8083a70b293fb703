import { type Bulk, withBulk } from '../../db/bulk/bulk.ts'
import { vacuum } from '../../db/bulk/vacuum.ts'
import type { Progress } from '../progress.ts'
import { findFiles, type ImportFile, rejectsDirectory } from './files.ts'
import { stage } from './staging.ts'
import { type Summary, settleAll } from './transaction.ts'

export type ImportOptions = {
  readonly databaseUrl: string
  readonly directory: string
  /** A directory; by default that of the files. */
  readonly rejects?: string | undefined
  /** Imports nothing as soon as one row is rejected. */
  readonly isStrict?: boolean
  /** Rolls back; once committed, leaves the tables as they are. */
  readonly signal?: AbortSignal
  readonly progress: Progress
}

/** Of the advisory lock: any number, the same in every import. */
const lockKey = 4_807_526_977

/**
 * Imports every table a directory has a file of, in one transaction: all that can be kept, or nothing.
 * @throws ImportError when the files cannot be used, else as `withBulk` does
 */
export async function importDirectory(options: ImportOptions): Promise<Summary> {
  const { directory, progress, signal } = options
  const { files, leftAlone } = await findFiles(directory)
  const rejectsTo = await rejectsDirectory(directory, options.rejects)
  if (leftAlone.length > 0) progress.note(`Left alone: ${leftAlone.join(', ')}.`)
  signal?.throwIfAborted()

  return withBulk(options.databaseUrl, signal, async (bulk) => {
    await waitForTurn(bulk, progress)
    for (const file of files) await stageFile(bulk, file, progress)
    const summary = await settleAll(bulk.sql, files, rejectsTo, options)
    if (summary.tables.some(({ kept }) => kept > 0) && summary.isCommitted)
      await tidy(bulk, files, progress)
    return summary
  })
}

/** Waits for another import: two at once would wait for each other's rows. */
async function waitForTurn({ sql }: Bulk, progress: Progress): Promise<void> {
  const [turn] = await sql<{ isMine: boolean }[]>`
    select pg_try_advisory_lock(${lockKey}) as "isMine"`
  if (turn?.isMine) return
  progress.note('Another import is at work on this database: waiting for it.')
  await sql`select pg_advisory_lock(${lockKey})`
}

async function stageFile(bulk: Bulk, file: ImportFile, progress: Progress): Promise<void> {
  const step = progress.step(file.name, file.size)
  const { rows, unknownColumns } = await stage(bulk, file, (rows, bytes) =>
    step.update(bytes, rows),
  )
  step.end()
  if (rows === 0) progress.note(`${file.name} has no rows.`)
  if (unknownColumns.length > 0) {
    progress.note(`${file.name}: ignored columns ${unknownColumns.join(', ')}.`)
  }
}

async function tidy(bulk: Bulk, files: readonly ImportFile[], progress: Progress) {
  const step = progress.step('vacuum', 1)
  await vacuum(
    bulk,
    files.map(({ table }) => table.name),
    (reason) => progress.note(`Imported, but not vacuumed: ${reason}.`),
  )
  step.end()
}
