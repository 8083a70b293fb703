import { type Bulk, openBulk, skipForeignKeyChecks } from '../../db/bulk.ts'
import { isRetryable, sqlStateOf } from '../../errors/postgres.ts'
import type { Progress } from '../progress.ts'
import { ImportError } from './error.ts'
import { findFiles, type ImportFile, rejectsDirectory } from './files.ts'
import { type PendingRejects, removeRejects, writeRejects } from './rejects.ts'
import { type Settled, settle } from './settle.ts'
import { stage } from './staging.ts'

export type ImportOptions = {
  readonly databaseUrl: string
  readonly directory: string
  /** A directory; by default that of the files. */
  readonly rejects?: string | undefined
  /** Imports nothing as soon as one row is rejected. */
  readonly isStrict?: boolean
  /** Rolls back. */
  readonly signal?: AbortSignal
  readonly progress: Progress
}

export type TableSummary = Settled & {
  readonly table: string
  /** Of the rejected rows, when there are any. */
  readonly rejects?: string
}
export type Summary = { readonly tables: readonly TableSummary[]; readonly isCommitted: boolean }

/** Of the advisory lock: any number, the same in every import. */
const lockKey = 4_807_526_977

/** A running server's writers can collide with the import: it settles the staged rows again. */
const attempts = 5

/**
 * Imports every table a directory has a file of, in one transaction: all that can be kept, or nothing.
 * @throws ImportError when the files cannot be used or `signal` fired; else what the database said
 */
export async function importDirectory(options: ImportOptions): Promise<Summary> {
  const { directory, progress, signal } = options
  const { files, leftAlone } = await findFiles(directory)
  const rejectsTo = await rejectsDirectory(directory, options.rejects)
  if (leftAlone.length > 0) progress.note(`Left alone: ${leftAlone.join(', ')}.`)
  signal?.throwIfAborted()

  const bulk = await openBulk(options.databaseUrl)
  const abort = () => void bulk.abort()
  signal?.addEventListener('abort', abort)
  try {
    await waitForTurn(bulk, progress)
    for (const file of files) await stageFile(bulk, file, progress)
    const summary = await settleAll(bulk, files, rejectsTo, options)
    if (summary.tables.some(({ kept }) => kept > 0) && summary.isCommitted)
      await foldAndAnalyze(bulk, files)
    return summary
  } catch (error) {
    throw signal?.aborted ? new ImportError('Interrupted.', { cause: error }) : error
  } finally {
    signal?.removeEventListener('abort', abort)
    await bulk.close()
  }
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

async function settleAll(
  bulk: Bulk,
  files: readonly ImportFile[],
  rejectsTo: string,
  options: ImportOptions,
): Promise<Summary> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await settleOnce(bulk, files, rejectsTo, options)
    } catch (error) {
      if (attempt === attempts || !isCollision(error)) throw error
      options.progress.note('Collided with another writer: trying again.')
    }
  }
}

async function settleOnce(
  { sql }: Bulk,
  files: readonly ImportFile[],
  rejectsTo: string,
  { isStrict = false, progress }: ImportOptions,
): Promise<Summary> {
  const written: PendingRejects[] = []
  let isOpen = true
  await sql`begin`
  try {
    await skipForeignKeyChecks(sql)
    const tables: TableSummary[] = []
    for (const { table } of files) {
      const step = progress.step(`into ${table.name}`, 1)
      const settled = await settle(sql, table, (rows, of) => step.update(rows / of, rows))
      step.end()
      const rejects = settled.rejected > 0 ? await writeRejects(sql, table, rejectsTo) : undefined
      if (rejects) written.push(rejects)
      tables.push({ table: table.name, ...settled, ...(rejects && { rejects: rejects.path }) })
    }

    const isCommitted = !isStrict || written.length === 0
    await (isCommitted ? sql`commit` : sql`rollback`)
    isOpen = false
    for (const { table } of files) await removeRejects(rejectsTo, table)
    for (const rejects of written) await rejects.publish()
    return { tables, isCommitted }
  } catch (error) {
    for (const rejects of written) await rejects.discard()
    if (isOpen) await sql`rollback`.catch(() => {})
    throw error
  }
}

/** Folds what many rows appended to the rollups, and updates the planner's statistics. */
async function foldAndAnalyze({ sql }: Bulk, files: readonly ImportFile[]): Promise<void> {
  await sql`select rollup.fold()`
  for (const { table } of files) await sql`analyze ${sql(`public.${table.name}`)}`
  await sql`analyze rollup.counts, rollup.user_days, rollup.active_users, rollup.post_comments`
}

/** A violated key as well: of a row that another writer added or deleted after it was looked for. */
const isCollision = (error: unknown): boolean =>
  isRetryable(error) || ['23503', '23505'].includes(sqlStateOf(error) ?? '')
