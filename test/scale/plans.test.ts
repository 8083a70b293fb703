import { beforeAll, describe, expect, it } from 'vitest'
import { type Explanation, explain, readSamples } from '../../src/commands/explain/explain.ts'
import type { FilterName, ListVariant } from '../../src/db/list/list.ts'
import { kinds } from '../../src/db/rollup/kinds.ts'
import type { FeedPosition, FeedVariant } from '../../src/features/activity/feed.ts'
import { boundsOf, startingBefore } from '../../src/features/activity/position.ts'
import {
  activityAfter,
  activityBefore,
  activityPage,
  activityTop,
} from '../../src/features/activity/queries.ts'
import { postPages } from '../../src/features/posts/queries.ts'
import { searchPage } from '../../src/features/search/queries.ts'
import type { SearchSort, SearchType } from '../../src/features/search/schemas.ts'
import { useDatabase } from '../support/database.ts'
import { unasked } from '../support/lists.ts'
import { fillMillion, million } from '../support/million.ts'
import { type Plan, planOf } from '../support/plan.ts'
import { openTestPool } from '../support/pool.ts'
import { programStatements } from '../support/program.ts'

const database = useDatabase()
beforeAll(() => fillMillion(database.url))

/** Rows of the largest page, from every index that it merges, with their names and titles; a jump's, and a year of days. */
const mostRows = 1_000
/** Statements that read more, how much more, and why. */
const exceptions: readonly (readonly [names: RegExp, most: number, reason: string])[] = [
  [/^trends$/, 10_000, 'quarter-hours at both edges of each day, in another zone than UTC'],
  [/^explain_samples$/, 26_000, 'the newest rows of each table, for a command'],
  [/^(users|sessions)_by_(username|last_seen_at)_.*page$/, 50_500, 'passed over by index alone'],
  [/^posts_by_comments_count_.*page$/, 50_500, 'passed over by index alone'],
  [/^comments_by_created_at_.*_of_post_page$/, 50_500, 'passed over by index alone'],
  [
    /^comments_by_created_at_.*_of_post_bounds_/,
    110_500,
    'counted between the bounds by index alone',
  ],
  [
    /^(users|posts)_by_.*(search|tags|properties)/,
    30_000,
    'rows are found by the index of what narrows the list, or walked along it',
  ],
  [/^delete_expired_sessions$/, 40_000, 'planned, not run: a batch ends with its thousandth row'],
  [/^search_/, 60_000, 'a window of the newest matches, bounded however many there are'],
  [
    /^leaders_between_/,
    200_000,
    'the best of all times summed up, or all days between the bounds by their index alone',
  ],
]
/** Those whose cost grows with the comments of one post, or with the users who may lead. */
const growing = /^(comments_by_created_at_.*_of_post_bounds|leaders_between)_/
const exceptionOf = (statement: string) => exceptions.find(([names]) => names.test(statement))

describe('every statement there is, over a million rows', () => {
  let explanations: readonly Explanation[] = []
  beforeAll(async () => {
    const pool = openTestPool(database.url, { size: 1 })
    const { signal } = new AbortController()
    const samples = await readSamples(pool, signal)
    const options = { signal, isWhole: false, onExplained: () => {} }
    explanations = await explain(pool, (await programStatements()).all, samples, options)
    await pool.close()
  })

  it('scans nothing, sorts no more than it answers, and spills nothing', () => {
    expect(explanations.length).toBeGreaterThan(200)
    const others = explanations
      .filter(({ verdict }) => verdict !== 'uses its index' && verdict !== 'exempt')
      .filter(({ statement }) => !growing.test(statement))
    expect(others.map(({ statement, because }) => `${statement}: ${because}`)).toEqual([])
  })

  it('reads a page and no more: of what is frequent, rare, last or not there', () => {
    const more = explanations.flatMap(({ statement, verdict, cases }) => {
      const most = verdict === 'exempt' ? 0 : Math.max(...cases.map(({ rows }) => rows))
      const [, allowed = mostRows] = exceptionOf(statement) ?? []
      return most > allowed ? [`${statement}: ${most}`] : []
    })
    expect(more).toEqual([])
  })
})

describe('the statements of the feed and of search, over a million rows', () => {
  let aMiddle = ''
  let shortlyAfter = ''
  beforeAll(async () => {
    const [middle] = await database.sql<{ at: string; later: string }[]>`
      select created_at::text as at, (created_at + interval '123 hours 4 minutes')::text as later
      from comments where id = ${million.comments / 2}`
    aMiddle = middle?.at ?? ''
    shortlyAfter = middle?.later ?? ''
  })

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

  describe('a list of posts that have a tag, or a value in their metadata', () => {
    const { common, rare, old } = million.labels
    const asked = { ...unasked, ...filter }
    const list = (
      label: string,
      more: Partial<Omit<ListVariant, 'sort'>> & { skip?: number } = {},
    ) => {
      const { skip = 0, ...variant } = more
      const way = skip > 0 ? 'page' : 'top'
      return planOf(
        database.sql,
        postPages({ sort: 'createdAt', order: 'desc', filters: ['tags'], ...variant, way }),
        { ...asked, skip, tags: [label], properties: [JSON.stringify({ topic: label })] },
      )
    }

    const isKnown = (filters: readonly FilterName[]) => !filters.includes('properties')

    it('reads those that match where they are few, or a bounded number from the top of the list', async () => {
      for (const filters of [['tags'], ['properties'], ['tags', 'properties']] as const)
        for (const [label, most] of [
          // PostgreSQL knows how many posts have a tag; of metadata, and of both, it may expect too few
          [common, isKnown(filters) ? 400 : 22_000],
          [rare, 300],
          ['nosuchlabel', 100],
          // by the sample of its statistics it looks along the list, or at what it finds
          [old, 22_000],
        ] as const) {
          const plan = await list(label, { filters })
          expect(plan.scanned, label).toEqual([])
          expect(plan.rowsRead, label).toBeLessThan(most)
        }
    })

    it('reads no more from the other end, between bounds, or for a later page', async () => {
      for (const more of [
        { order: 'asc' },
        { filters: ['tags', 'bounds'] },
        { skip: 900 },
      ] as const) {
        const plan = await list(common, more)
        expect(plan.scanned).toEqual([])
        expect(plan.rowsRead).toBeLessThan(6_000)
      }
    })
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
        ['title -body', 22_000],
        ['-title', 22_000],
        ['"body title"', 22_000],
        ['"title body"', 22_000],
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
        ['привет', 22_000],
      ] as const) {
        const plan = await search(q, 'users')
        expect(plan.scanned, q).toEqual([])
        expect(plan.rowsRead, q).toBeLessThan(most)
      }
    })
  })
})
