import { type Bulk, commit, type Fragment } from '../../db/bulk/bulk.ts'
import { silenceTriggers } from '../../db/bulk/triggers.ts'
import type { TableName } from '../../db/rollup/kinds.ts'
import { countLoaded, foldLast } from '../../db/rollup/load.ts'
import { isRetryable, sqlStateOf } from '../../errors/postgres.ts'
import type { DemoCounts } from '../demo/counts.ts'
import type { Progress } from '../progress.ts'
import { refuseDemo, replaceDemo } from './demo-community.ts'
import {
  createDifferences,
  type Difference,
  differenceReasons,
  firstDifferences,
} from './present.ts'
import { createParents, type Locking, lockParents, ParentDeleted } from './references.ts'
import { type PendingRejects, type RejectsName, removeRejects, writeRejects } from './rejects.ts'
import { type Settled, settle } from './settle.ts'
import { type StagedFile, stagingOf } from './staging.ts'
import type { ImportTable } from './tables.ts'

export type TableSummary = Settled & {
  readonly table: string
  readonly file: string
  /** Where the rejected rows were written, when there are any. */
  readonly rejects?: string
  /** The first of the rows that were skipped and differ, and where all of them were written when there are more. */
  readonly differences: readonly Difference[]
  readonly differingRows?: string
}
export type Summary = {
  readonly tables: readonly TableSummary[]
  readonly isCommitted: boolean
  /** Whether rows were rejected where none may be. */
  readonly isRefused: boolean
  /** The rows of the demo community that made room. */
  readonly replaced?: DemoCounts
}

type Sql = Bulk['sql']
export type SettleAllOptions = {
  readonly isStrict?: boolean
  readonly isDryRun?: boolean
  /** Removes the demo community first; without it, one that is there refuses the import. */
  readonly isReplacing?: boolean
  /** Finds the directory of files of rejected rows, once there are any. */
  readonly rejectsTo: () => Promise<string>
  /** Where an earlier run's lie. */
  readonly staleRejects: string
  readonly progress: Progress
}

/** A running server's writers can collide with the import: it settles the staged rows again. */
const attempts = 5

/** Differing rows that are named; more of them go to a file. */
const mostDifferences = 5

/** Settles the staged files in one transaction: all that can be kept, or nothing. */
export async function settleAll(
  sql: Sql,
  files: readonly StagedFile[],
  options: SettleAllOptions,
): Promise<Summary> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await settleOnce(sql, files, attempt === 1 ? 'at the end' : 'at once', options)
    } catch (error) {
      if (attempt === attempts || !isCollision(error)) throw error
      options.progress.note('Collided with another writer: trying again.')
    }
  }
}

async function settleOnce(
  sql: Sql,
  files: readonly StagedFile[],
  locking: Locking,
  options: SettleAllOptions,
): Promise<Summary> {
  const { isStrict = false, isDryRun = false, isReplacing = false, progress } = options
  const written: PendingRejects[] = []
  let isOpen = true
  await sql`begin`
  try {
    const replaced = isReplacing ? await replaceDemo(sql, progress.note) : await refuseDemo(sql)
    const isSilent = await silence(sql, progress)
    await createParents(sql)
    await createDifferences(sql)
    const tables: TableSummary[] = []
    for (const file of files)
      tables.push(await settleFile(sql, file, { files, locking, isDryRun, written, ...options }))

    const isRefused = isStrict && tables.some(({ rejected }) => rejected > 0)
    if (!isRefused) await count(sql, files, isSilent, progress)
    if (!isReplacing) await refuseDemo(sql)
    const isCommitted = !isRefused && !isDryRun
    await (isCommitted ? commit(sql) : sql`rollback`)
    isOpen = false
    await publish(files, written, options)
    return { tables, isCommitted, isRefused, ...(replaced && { replaced }) }
  } catch (error) {
    for (const rejects of written) await rejects.discard()
    if (isOpen) await sql`rollback`.catch(() => {})
    throw error
  }
}

type SettleFileOptions = SettleAllOptions & {
  readonly files: readonly StagedFile[]
  readonly locking: Locking
  /** Grows by the files of this one's rejected rows. */
  readonly written: PendingRejects[]
}

async function settleFile(
  sql: Sql,
  file: StagedFile,
  { files, locking, isDryRun = false, written, rejectsTo, progress }: SettleFileOptions,
): Promise<TableSummary> {
  const { table } = file
  const step = progress.step(`into ${table.name}`, 1)
  const settled = await settle(
    sql,
    file,
    files.map((each) => each.table),
    { locking, isDryRun, onProgress: (rows, of) => step.update(rows / of, rows) },
  )
  step.end()
  const write = async (name: RejectsName, reasons: Fragment) => {
    const rejects = await writeRejects(sql, file, name, reasons, await rejectsTo())
    written.push(rejects)
    return rejects.path
  }
  const { rejected, differing } = settled
  return {
    table: table.name,
    file: file.name,
    ...settled,
    ...(rejected > 0 && { rejects: await write('rejects', rejectReasons(sql, table)) }),
    differences: differing > 0 ? await firstDifferences(sql, table, mostDifferences) : [],
    ...(differing > mostDifferences && {
      differingRows: await write('skipped', differenceReasons(sql, table)),
    }),
  }
}

const rejectReasons = (sql: Sql, table: ImportTable) =>
  sql`select line, reason from ${sql(stagingOf(table))} where reason is not null order by line`

/** What is committed stays so, whatever becomes of the files. */
async function publish(
  files: readonly StagedFile[],
  written: readonly PendingRejects[],
  { staleRejects, progress }: SettleAllOptions,
): Promise<void> {
  for (const file of files) await removeRejects(staleRejects, file)
  for (const { path, publish } of written) {
    await publish().catch((error: unknown) =>
      progress.note(`Rows that were not kept are left in ${path}.partial: ${String(error)}.`),
    )
  }
}

async function silence(sql: Sql, progress: Progress): Promise<boolean> {
  const { isSilent, faults } = await silenceTriggers(sql)
  for (const fault of faults) progress.note(`A trigger of Shopboard's: ${fault}. Run "verify".`)
  return isSilent
}

/** What the rows add to the rollups is counted for each table at once where no trigger counted them one by one. */
async function count(
  sql: Sql,
  files: readonly StagedFile[],
  isSilent: boolean,
  progress: Progress,
): Promise<void> {
  const step = progress.step('into the rollups', 1)
  const tables = files.map(({ table }) => table)
  if (isSilent) {
    await countLoaded(sql, {
      sources: tables.map((table) => [table.name, kept(table)]),
      ownIds: { users: keptIds(tables, 'users'), posts: keptIds(tables, 'posts') },
    })
  }
  await lockParents(sql, tables)
  await foldLast(sql)
  step.end()
}

const kept = (table: ImportTable): string => `${stagingOf(table)} where reason is null`

function keptIds(tables: readonly ImportTable[], name: TableName): string {
  const table = tables.find((each) => each.name === name)
  return table ? `select id from ${kept(table)}` : 'select null::bigint as id where false'
}

/** A violated key as well: of a row that another writer added or deleted after it was looked for. */
const isCollision = (error: unknown): boolean =>
  error instanceof ParentDeleted ||
  isRetryable(error) ||
  ['23503', '23505'].includes(sqlStateOf(error) ?? '')
