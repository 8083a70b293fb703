import { type Bulk, commit } from '../../db/bulk/bulk.ts'
import { silenceTriggers } from '../../db/bulk/triggers.ts'
import type { TableName } from '../../db/rollup/kinds.ts'
import { countLoaded, foldLast } from '../../db/rollup/load.ts'
import { isRetryable, sqlStateOf } from '../../errors/postgres.ts'
import type { Progress } from '../progress.ts'
import type { ImportFile } from './files.ts'
import { createParents, type Locking, lockParents, ParentDeleted } from './references.ts'
import { type PendingRejects, removeRejects, writeRejects } from './rejects.ts'
import { type Settled, settle } from './settle.ts'
import { stagingOf } from './staging.ts'
import type { ImportTable } from './tables.ts'

export type TableSummary = Settled & {
  readonly table: string
  /** Of the rejected rows, when there are any. */
  readonly rejects?: string
}
export type Summary = { readonly tables: readonly TableSummary[]; readonly isCommitted: boolean }

type Sql = Bulk['sql']
export type SettleOptions = { readonly isStrict?: boolean; readonly progress: Progress }

/** A running server's writers can collide with the import: it settles the staged rows again. */
const attempts = 5

/** Settles the staged files in one transaction: all that can be kept, or nothing. */
export async function settleAll(
  sql: Sql,
  files: readonly ImportFile[],
  rejectsTo: string,
  options: SettleOptions,
): Promise<Summary> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await settleOnce(
        sql,
        files,
        rejectsTo,
        attempt === 1 ? 'at the end' : 'at once',
        options,
      )
    } catch (error) {
      if (attempt === attempts || !isCollision(error)) throw error
      options.progress.note('Collided with another writer: trying again.')
    }
  }
}

async function settleOnce(
  sql: Sql,
  files: readonly ImportFile[],
  rejectsTo: string,
  locking: Locking,
  { isStrict = false, progress }: SettleOptions,
): Promise<Summary> {
  const written: PendingRejects[] = []
  let isOpen = true
  await sql`begin`
  try {
    const isSilent = await silence(sql, progress)
    const tables: TableSummary[] = []
    const staged = files.map(({ table }) => table)
    await createParents(sql)
    for (const { table } of files) {
      const step = progress.step(`into ${table.name}`, 1)
      const settled = await settle(sql, table, staged, locking, (rows, of) =>
        step.update(rows / of, rows),
      )
      step.end()
      const rejects = settled.rejected > 0 ? await writeRejects(sql, table, rejectsTo) : undefined
      if (rejects) written.push(rejects)
      tables.push({ table: table.name, ...settled, ...(rejects && { rejects: rejects.path }) })
    }

    const isCommitted = !isStrict || written.length === 0
    if (isCommitted) await count(sql, files, isSilent, progress)
    await (isCommitted ? commit(sql) : sql`rollback`)
    isOpen = false
    // what is committed stays so, whatever becomes of the files
    try {
      for (const { table } of files) await removeRejects(rejectsTo, table)
      for (const rejects of written) await rejects.publish()
    } catch (error) {
      progress.note(`Rejected rows are left in rejects-*.csv.partial: ${String(error)}.`)
    }
    return { tables, isCommitted }
  } catch (error) {
    for (const rejects of written) await rejects.discard()
    if (isOpen) await sql`rollback`.catch(() => {})
    throw error
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
  files: readonly ImportFile[],
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
