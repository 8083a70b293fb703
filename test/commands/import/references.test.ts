import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findFiles } from '../../../src/commands/import/files.ts'
import {
  createParents,
  type Locking,
  lockParents,
  ParentDeleted,
  settleReferences,
} from '../../../src/commands/import/references.ts'
import { stage } from '../../../src/commands/import/staging.ts'
import type { ImportTable } from '../../../src/commands/import/tables.ts'
import { type Bulk, openBulk } from '../../../src/db/bulk/bulk.ts'
import { useDatabase } from '../../support/database.ts'
import { insertUser } from '../../support/factories.ts'
import { directoryOf } from './directory.ts'

const database = useDatabase()
let bulk: Bulk
let table: ImportTable
let author: number

/** A post of an author, up to where its references are settled. */
async function settled(locking: Locking): Promise<void> {
  author = (await insertUser(database.sql)).id
  const { files } = await findFiles(
    await directoryOf({ 'posts.csv': `id,author_id\n1,${author}\n2,-5\n` }),
  )
  const [file] = files
  if (!file) throw new Error('There is no file')
  table = file.table
  await stage(bulk, file, () => {})
  await bulk.sql`begin`
  await createParents(bulk.sql)
  expect(await settleReferences(bulk.sql, table, [table], locking)).toBe(1)
}
const deleteAuthor = () =>
  database.sql.begin(async (tx) => {
    await tx`set local lock_timeout = '50ms'`
    await tx`delete from users where id = ${author}`
  })

beforeEach(async () => {
  bulk = await openBulk(database.url)
})
afterEach(() => bulk.close())

describe('settleReferences', () => {
  it('lets others delete a parent until the end, which then finds it gone', async () => {
    await settled('at the end')
    await deleteAuthor()
    await expect(lockParents(bulk.sql, [table])).rejects.toThrow(ParentDeleted)
  })

  it('holds the parents from the end on', async () => {
    await settled('at the end')
    await lockParents(bulk.sql, [table])
    await expect(deleteAuthor()).rejects.toMatchObject({ code: '55P03' })
  })

  it('holds them at once when asked to', async () => {
    await settled('at once')
    await expect(deleteAuthor()).rejects.toMatchObject({ code: '55P03' })
  })
})
