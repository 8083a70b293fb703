import { describe, expect, it } from 'vitest'
import { withBulk } from '../../../src/db/bulk/bulk.ts'
import { batchWords } from '../../../src/db/bulk/search-index.ts'
import { useDatabase } from '../../support/database.ts'
import { useRole } from '../../support/role.ts'

describe('words in batches', () => {
  const database = useDatabase()
  const stranger = useRole(
    database,
    'grant usage on schema rollup to ROLE; grant insert, select on posts to ROLE',
  )
  const insertPosts = `insert into posts (title, body) select 'Batch', 'Body number ' || i from generate_series(1, 500) as i`
  const optionsOf = async () => {
    const [found] =
      await database.sql`select reloptions::text as options from pg_class where oid = 'posts_document'::regclass`
    return found?.options
  }
  /** By the index alone. */
  const found = () =>
    database.sql.begin(async (sql) => {
      await sql`set local enable_seqscan = off`
      const [row] =
        await sql`select count(*)::int as n from posts where document @@ to_tsquery('rollup.search', 'batch')`
      return row?.n
    })

  it('are found after the commit, and the index is as it was', async () => {
    await withBulk(database.url, undefined, async ({ sql }) => {
      await sql`begin`
      const words = await batchWords(sql)
      await sql.unsafe(insertPosts)
      await words.settle()
      await sql`commit`
    })
    expect(await found()).toBe(500)
    expect(await optionsOf()).toBe('{fastupdate=off}')
    const [left] = await database.sql`select gin_clean_pending_list('posts_document')::int as pages`
    expect(left?.pages).toBe(0)
  })

  it('leave the index as it was when the transaction is rolled back', async () => {
    await withBulk(database.url, undefined, async ({ sql }) => {
      await sql`begin`
      await batchWords(sql)
      await sql`rollback`
    })
    expect(await optionsOf()).toBe('{fastupdate=off}')
  })

  it('leave alone the index of another owner', async () => {
    await withBulk(stranger.url, undefined, async ({ sql }) => {
      await sql`begin`
      const words = await batchWords(sql)
      await words.settle()
      await sql`commit`
    })
    expect(await optionsOf()).toBe('{fastupdate=off}')
  })
})
