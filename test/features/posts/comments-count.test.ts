import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, Pool } from '../../../src/db/database.ts'
import { commentsCountOf } from '../../../src/db/rollup/post-comments.ts'
import { statement } from '../../../src/db/statement.ts'
import { postPages } from '../../../src/features/posts/queries.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertPost } from '../../support/factories.ts'
import { unasked } from '../../support/lists.ts'
import { planOf } from '../../support/plan.ts'
import { openTestPool } from '../../support/pool.ts'
import { makeVisible } from '../../support/visible.ts'
import { perform, quietWrites, truncates, writersOf } from '../../support/writers.ts'

type Row = { post_id: string; n: string }
type From = { n: string; id: string }

const pageOf = (order: 'asc' | 'desc', way: 'next' | 'page') =>
  postPages({ sort: 'commentsCount', filters: [], order, way })
const pages = { asc: pageOf('asc', 'next'), desc: pageOf('desc', 'next') }
const jump = pageOf('desc', 'page')
const asked = ({ n, id }: From, size: number, skip = 0) => ({
  ...unasked,
  ...{ key: n, id, size, skip },
})
/** The rows of a page, without the one that tells whether it goes on. */
const rowsOf = ([found]: readonly { readonly rows: string | null }[], size: number): Row[] =>
  (found?.rows?.split('\n') ?? [])
    .slice(0, size)
    .map((item) => JSON.parse(item))
    .map(({ id, commentsCount }) => ({ n: String(commentsCount), post_id: String(id) }))
const counts = statement<Record<never, never>, Row>(
  'counts_of',
  { reads: ['posts'] },
  () => sql`select id as post_id, ${commentsCountOf(sql`posts.id`)} as n from posts order by id`,
)
const recount = statement<Record<never, never>, Row>(
  'recount',
  { reads: ['posts'] },
  () => sql`
  select id as post_id, (select count(*) from comments where post_id = posts.id and deleted_at is null) as n
  from posts where deleted_at is null order by n desc, id desc`,
)
const recountOfAll = statement<Record<never, never>, Row>(
  'recount_all',
  { reads: ['posts'] },
  () => sql`
  select id as post_id, (select count(*) from comments where post_id = posts.id and deleted_at is null) as n
  from posts order by id`,
)

const ends = {
  desc: { n: '9223372036854775807', id: '9223372036854775807' },
  asc: { n: '-1', id: '0' },
}

describe('the comments of posts', () => {
  const database = useDatabase()
  let pool: Pool
  beforeAll(() => {
    pool = openTestPool(database.url)
  })
  afterAll(() => pool.close())

  async function walk(db: Database, order: 'asc' | 'desc', limit: number) {
    const rows: Row[] = []
    for (let from = ends[order]; ; ) {
      const page = rowsOf(await db.run(pages[order], asked(from, limit)), limit)
      rows.push(...page)
      const last = page.at(-1)
      if (!last || page.length < limit) return rows
      from = { n: last.n, id: last.post_id }
    }
  }

  /** What differs, in one snapshot, from a recount. */
  const differing = (limit: number) =>
    pool.transaction({ access: 'read only', isolation: 'repeatable read' }, async (db) => {
      const all = await db.run(recount)
      const skip = Math.max(1, Math.floor(all.length / 2))
      const texts = (rows: readonly Row[]) => rows.map(({ post_id, n }) => `${post_id}: ${n}`)
      const pairs = {
        down: [await walk(db, 'desc', limit), all],
        up: [(await walk(db, 'asc', limit)).reverse(), all],
        jump: [rowsOf(await db.run(jump, asked(ends.desc, 7, skip)), 7), all.slice(skip, skip + 7)],
        each: [await db.run(counts), await db.run(recountOfAll)],
      }
      return Object.entries(pairs).flatMap(([name, [found = [], expected = []]]) =>
        texts(found).join() === texts(expected).join() ? [] : [{ name, found, expected }],
      )
    })

  it('are exact by page, jump and post in every snapshot, whoever writes or folds', async () => {
    await fc.assert(
      fc.asyncProperty(
        writersOf(quietWrites),
        fc.integer({ min: 1, max: 9 }),
        async (writers, limit) => {
          let isWriting = true
          const writing = perform(database.sql, writers).finally(() => {
            isWriting = false
          })
          do expect(await differing(limit)).toEqual([])
          while (isWriting)
          await writing
          expect(await differing(limit)).toEqual([])
          await database.sql`select rollup.fold()`
          expect(await differing(limit)).toEqual([])
        },
      ),
      { numRuns: Number(process.env.ROLLUP_RUNS ?? 4), endOnFailure: true },
    )
  })

  it('are exact after truncates', async () => {
    await fc.assert(
      fc.asyncProperty(writersOf([...quietWrites, ...truncates]), async (writers) => {
        await perform(database.sql, writers)
        expect(await differing(5)).toEqual([])
        await database.sql`select rollup.fold()`
        expect(await differing(5)).toEqual([])
      }),
      { numRuns: Number(process.env.ROLLUP_RUNS ?? 4), endOnFailure: true },
    )
  })

  it('leave nothing of a post that is gone, and come back with one that is restored', async () => {
    const { sql } = database
    await sql`truncate users, posts, comments, sessions cascade`
    const post = await insertPost(sql)
    await insertComment(sql, { post_id: post.id })
    const rows = async () => {
      await sql`select rollup.fold()`
      return sql`select n::int, is_live from rollup.post_comments where post_id = ${post.id}`
    }
    expect(await rows()).toEqual([{ n: 1, is_live: true }])
    await sql`update posts set deleted_at = now()`
    expect(await rows()).toEqual([{ n: 1, is_live: false }])
    await sql`update posts set deleted_at = null`
    expect(await rows()).toEqual([{ n: 1, is_live: true }])
    await sql`delete from posts`
    expect(await rows()).toEqual([])
  })

  it('are read from the index alone, a page as cheaply in the middle as at the top', async () => {
    const { sql } = database
    await sql`insert into posts (created_at) select now() from generate_series(1, 20000)`
    await sql`
      insert into comments (post_id, body)
      select id, '' from posts, generate_series(1, (id % 4)::int) where id % 10 < 5`
    await sql`select rollup.fold()`
    await sql`insert into comments (post_id, body) select max(id), '' from posts`
    await sql`vacuum analyze rollup.deltas`
    await makeVisible(sql, 'rollup.post_comments')
    const [middle] = await sql<Row[]>`
      select post_id, n from rollup.post_comments where is_live order by n desc, post_id desc offset 10000 limit 1`
    for (const order of ['asc', 'desc'] as const) {
      const top = await planOf(sql, pages[order], asked(ends[order], 20))
      expect(top.blocks).toBeLessThan(250)
      const deep = asked({ n: middle?.n ?? '', id: middle?.post_id ?? '' }, 20)
      expect((await planOf(sql, pages[order], deep)).blocks).toBeLessThan(1.5 * top.blocks)
    }
    expect((await planOf(sql, jump, asked(ends.desc, 20, 10_000))).blocks).toBeLessThan(300)
  })
})
