import { type Bulk, withBulk } from '../../db/bulk/bulk.ts'
import { vacuum } from '../../db/bulk/vacuum.ts'
import { tableNames } from '../../db/rollup/kinds.ts'
import { demosIn } from '../demo/remembered.ts'
import type { Progress } from '../progress.ts'
import { abbreviated } from './abbreviated.ts'
import { delimiterName } from './delimiter.ts'
import { demoRefusal } from './demo-community.ts'
import { ImportError } from './error.ts'
import { findFiles, type ImportFile } from './files.ts'
import { rejectsDirectory } from './rejects-directory.ts'
import { type StagedFile, stage } from './staging.ts'
import { type Summary, settleAll } from './transaction.ts'

export type ImportOptions = {
  readonly databaseUrl: string
  readonly directory: string
  /** A directory; by default that of the files. */
  readonly rejects?: string | undefined
  /** Imports nothing as soon as one row is rejected. */
  readonly isStrict?: boolean
  /** Does everything but the commit. */
  readonly isDryRun?: boolean
  /** Whether a demo community may be replaced, and who is asked where that was not said. */
  readonly isReplacing?: boolean
  readonly mayReplace?: () => Promise<boolean>
  /** Of CSV; by default the header tells. */
  readonly delimiter?: string | undefined
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
  const { directory, progress, signal, rejects } = options
  const { files, leftAlone } = await findFiles(directory, options.delimiter)
  // a directory that was named is looked at first, any other once there is something to write
  let rejectsTo = rejects === undefined ? undefined : await rejectsDirectory(directory, rejects)
  const staleRejects = rejectsTo ?? directory
  if (leftAlone.length > 0) progress.note(`Left alone: ${abbreviated(leftAlone)}.`)
  signal?.throwIfAborted()

  const work = async (bulk: Bulk) => {
    await waitForTurn(bulk, progress)
    const isReplacing = await isToReplace(bulk, options)
    const staged: StagedFile[] = []
    for (const file of files) staged.push(await stageFile(bulk, file, progress))
    const summary = await settleAll(bulk.sql, staged, {
      ...options,
      isReplacing,
      async rejectsTo() {
        rejectsTo ??= await rejectsDirectory(directory)
        return rejectsTo
      },
      staleRejects,
    })
    const tables = summary.replaced ? tableNames : files.map(({ table }) => table.name)
    if (summary.isCommitted && (summary.replaced || summary.tables.some(({ kept }) => kept > 0)))
      await tidy(bulk, tables, progress)
    return summary
  }
  const onWaiting = (holders: string) => progress.note(`Waiting for ${holders}.`)
  return withBulk(options.databaseUrl, signal, work, onWaiting)
}

/** Whether to remove a demo community. @throws ImportError when there is one, and it is to stay */
async function isToReplace(
  { sql }: Bulk,
  { isReplacing = false, mayReplace }: ImportOptions,
): Promise<boolean> {
  if (isReplacing || (await demosIn(sql)).length === 0) return isReplacing
  if (!mayReplace) throw new ImportError(demoRefusal)
  if (!(await mayReplace())) throw new ImportError('The demo community stays.')
  return true
}

/** Waits for another import: two at once would wait for each other's rows. */
async function waitForTurn({ sql }: Bulk, progress: Progress): Promise<void> {
  const [turn] = await sql<{ isMine: boolean }[]>`
    select pg_try_advisory_lock(${lockKey}) as "isMine"`
  if (turn?.isMine) return
  progress.note('Another import is at work on this database: waiting for it.')
  await sql`select pg_advisory_lock(${lockKey})`
}

async function stageFile(bulk: Bulk, file: ImportFile, progress: Progress): Promise<StagedFile> {
  const step = progress.step(file.name, file.size)
  let separated = ''
  const staged = await stage(
    bulk,
    file,
    (rows, bytes) => step.update(bytes, rows),
    (delimiter) => {
      if (delimiter !== ',' && file.delimiter === undefined)
        separated = `${file.name} is separated by ${delimiterName(delimiter)}.`
    },
  )
  step.end()
  if (separated) progress.note(separated)
  if (staged.rows === 0) progress.note(`${file.name} has no rows.`)
  if (staged.unknownColumns.length > 0)
    progress.note(`${file.name}: ignored columns ${abbreviated(staged.unknownColumns)}.`)
  return staged
}

async function tidy(bulk: Bulk, tables: readonly string[], progress: Progress) {
  const step = progress.step('vacuum', 1)
  await vacuum(bulk, tables, (reason) => progress.note(`Imported, but not vacuumed: ${reason}.`))
  step.end()
}
