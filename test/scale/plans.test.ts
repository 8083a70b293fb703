import { beforeAll, describe, expect, it } from 'vitest'
import { kinds } from '../../src/db/rollup/kinds.ts'
import type { FeedPosition, FeedVariant } from '../../src/features/activity/feed.ts'
import { boundsOf, startingBefore } from '../../src/features/activity/position.ts'
import {
  activityAfter,
  activityBefore,
  activityPage,
  activityTop,
} from '../../src/features/activity/queries.ts'
import { searchPage } from '../../src/features/search/queries.ts'
import type { SearchSort, SearchType } from '../../src/features/search/schemas.ts'
import { useDatabase } from '../support/database.ts'
import { fillMillion, million } from '../support/million.ts'
import { type Plan, planOf } from '../support/plan.ts'

describe('the statements, over a million rows', () => {
  const database = useDatabase()
  let aMiddle = ''
  let shortlyAfter = ''
  beforeAll(async () => {
    await fillMillion(database.sql)
    const [middle] = await database.sql<{ at: string; later: string }[]>`
      select created_at::text as at, (created_at + interval '123 hours 4 minutes')::text as later
      from comments where id = ${million.comments / 2}`
    aMiddle = middle?.at ?? ''
    shortlyAfter = middle?.later ?? ''
  }, 120_000)

  const filter = {
    authorId: null,
    after: '-infinity',
    before: 'infinity',
    size: 20,
  }
  const variantOf = (variant: Partial<FeedVariant>) => ({
    kinds,
    ofAuthor: false,
    isBounded: false,
    ...variant,
  })
  const go = (
    statement: typeof activityBefore | typeof activityTop,
    from: Partial<FeedPosition>,
    variant: Partial<FeedVariant> = {},
  ) =>
    planOf(database.sql, statement(variantOf(variant)), {
      ...filter,
      ...startingBefore('infinity'),
      ...from,
    })
  const jump = (
    page: number,
    from: Partial<FeedPosition> = {},
    variant: Partial<FeedVariant> = {},
  ) =>
    planOf(database.sql, activityPage(variantOf(variant)), {
      ...filter,
      ...from,
      skip: (page - 1) * 20,
    })

  /** Pages of 21 rows, from at most four indexes, with their texts, titles and names; and the probes. */
  const isLean = (plan: Plan) => {
    expect(plan.scanned).toEqual([])
    expect(plan.rowsRead).toBeLessThan(400)
  }

  it('read a page and no more, wherever it lies', async () => {
    const position = boundsOf([aMiddle, '1', String(million.comments / 2)])
    for (const plan of [
      await go(activityTop, {}),
      await go(activityBefore, position),
      await go(activityAfter, position),
      await go(activityBefore, { ...position, before: shortlyAfter }, { isBounded: true }),
      await go(activityAfter, { ...position, before: shortlyAfter }, { isBounded: true }),
      await go(activityBefore, { ...position, authorId: 4711 }, { ofAuthor: true }),
      await go(activityAfter, { ...position, authorId: 4711 }, { ofAuthor: true }),
      await jump(3),
      await jump(25_000),
      await jump(50_000),
      await jump(100, { before: shortlyAfter }, { isBounded: true }),
      await jump(10, { authorId: 4711 }, { ofAuthor: true }),
      await jump(3, { authorId: 4711, before: shortlyAfter }, { ofAuthor: true, isBounded: true }),
    ]) {
      isLean(plan)
    }
  })

  it('touch no more pages however deep they go, by cursor or by number', async () => {
    const top = await go(activityTop, {})
    const deep = await go(activityBefore, boundsOf([aMiddle, '1', String(million.comments / 2)]))
    expect(deep.blocks).toBeLessThan(1.5 * top.blocks)

    const second = await jump(2)
    for (const page of [1_000, 25_000, 50_000]) {
      expect((await jump(page)).blocks).toBeLessThan(1.5 * second.blocks)
    }
  })

  it('pass over no row of an author that is deleted', async () => {
    await database.sql`
      insert into comments (post_id, author_id, body, created_at, deleted_at)
      select 1, 4711, 'gone', now() - i * interval '1 minute', now() from generate_series(1, 5000) as i`
    const author = { authorId: 4711 }
    isLean(await go(activityTop, author, { ofAuthor: true }))
    isLean(
      await go(activityBefore, { ...startingBefore('infinity'), ...author }, { ofAuthor: true }),
    )
    isLean(await jump(3, author, { ofAuthor: true }))
  })

  describe('a search', () => {
    const search = (q: string, type: SearchType = 'posts', sort: SearchSort = 'relevance') =>
      planOf(database.sql, searchPage({ type, sort }), { q, size: 20, skip: 0 })

    it('reads what it finds where that is little, and looks at a bounded number of rows where it is not', async () => {
      for (const [q, most] of [
        ['4711', 200],
        ['4711 title', 200],
        ['nosuchword', 100],
        ['the', 100],
        ['title', 4_000],
        ['title -body', 12_000],
        ['-title', 12_000],
        ['"body title"', 12_000],
        ['"title body"', 12_000],
        [`${'body or '.repeat(30)}title`, 4_000],
      ] as const) {
        const plan = await search(q)
        expect(plan.scanned, q).toEqual([])
        expect(plan.rowsRead, q).toBeLessThan(most)
      }
    })

    it('reads no more for the newest than for the best, nor for a later page', async () => {
      expect((await search('title', 'posts', 'recent')).rowsRead).toBeLessThan(4_000)
      const later = await planOf(database.sql, searchPage({ type: 'posts', sort: 'relevance' }), {
        q: 'title',
        size: 20,
        skip: 980,
      })
      expect(later.rowsRead).toBeLessThan(4_000)
    })

    it('of names reads those that match, or a bounded number', async () => {
      for (const [q, most] of [
        ['4711', 500],
        ['user', 22_000],
        ['nobody', 100],
        ['привет', 12_000],
      ] as const) {
        const plan = await search(q, 'users')
        expect(plan.scanned, q).toEqual([])
        expect(plan.rowsRead, q).toBeLessThan(most)
      }
    })
  })
})
