import { sql } from 'drizzle-orm'
import { countSince } from '../../db/rollup/counts.ts'
import { landBefore } from '../../db/rollup/jump.ts'
import { type Kind, kinds, kindTable, type TableName } from '../../db/rollup/kinds.ts'
import { family, type Placeholders } from '../../db/statement.ts'
import {
  beyondPosition,
  existsBehind,
  type FeedFilter,
  type FeedPosition,
  type FeedVariant,
  type FoundActivity,
  feedPage,
  filterSqlOf,
} from './feed.ts'
import { itemTables } from './items.ts'

/** So many rows are passed over, counted from the newest within the bounds. */
export type Jump = FeedFilter & { readonly skip: number }

/** The kinds of a feed that was not told which. */
export const usualKinds: readonly Kind[] = ['post', 'comment', 'signup']

/** The tables a page of these kinds is read from: the kinds' own, and those that name its items. */
export const feedReads = (asked: readonly Kind[]): readonly TableName[] => [
  ...new Set([...asked.map((kind) => kindTable[kind].tableName), ...itemTables(asked)]),
]

/** The first page. */
export const activityTop = inEveryVariant<FeedFilter>('activity_top', (asked, variant) =>
  feedPage({ asked, variant, direction: 'next', isPreceded: sql.raw('false') }),
)

/** The page older than a position. */
export const activityBefore = inEveryVariant<FeedPosition>('activity_before', (asked, variant) =>
  feedPage({
    asked,
    variant,
    direction: 'next',
    beyond: beyondPosition(asked),
    isPreceded: existsBehind('next', asked, variant),
  }),
)

/** The page newer than a position. */
export const activityAfter = inEveryVariant<FeedPosition>('activity_after', (asked, variant) =>
  feedPage({
    asked,
    variant,
    direction: 'prev',
    beyond: beyondPosition(asked),
    isPreceded: existsBehind('prev', asked, variant),
  }),
)

/** The page that begins so many rows down. */
export const activityPage = inEveryVariant<Jump>('activity_page', (asked, variant) => {
  const skip = sql`${asked.skip}::bigint`
  const filter = filterSqlOf(asked, variant)
  const newer = variant.isBounded ? countSince(filter, asked.before) : sql`0`
  const { ctes, beyond } = landBefore(filter, sql`(select n from newer) + ${skip}`)
  return feedPage({
    asked,
    variant,
    direction: 'next',
    ctes: sql`newer as materialized (select ${newer} as n), ${ctes}`,
    beyond,
    newer: sql`(select n from newer)`,
    isPreceded: sql`${skip} > 0`,
  })
})

/**
 * One statement per variant under its own name: `bounded_author_activity_before_post_comment`, without kinds for the
 * usual ones.
 */
function inEveryVariant<Params extends FeedFilter>(
  name: string,
  build: (asked: Placeholders<Params>, variant: FeedVariant) => ReturnType<typeof feedPage>,
) {
  return family<FeedVariant, Params, FoundActivity>(
    {
      nameOf: (variant) => nameOf(name, variant),
      optionsOf: ({ kinds }) => ({ reads: feedReads(kinds), isOnly: true }),
      variants: () => someOf(kinds).flatMap(variantsOf),
      usual: variantsOf(usualKinds),
    },
    (variant, asked) => build(asked, variant),
  )
}

function variantsOf(kinds: readonly Kind[]): FeedVariant[] {
  return [false, true].flatMap((ofAuthor) =>
    [false, true].map((isBounded) => ({ kinds, ofAuthor, isBounded })),
  )
}

/** Every choice of one or more, in order. */
function someOf(all: readonly Kind[]): (readonly Kind[])[] {
  const found: (readonly Kind[])[] = []
  for (const kind of all) found.push(...found.map((some) => [...some, kind]), [kind])
  return found
}

function nameOf(name: string, { kinds, ofAuthor, isBounded }: FeedVariant): string {
  const prefix = `${isBounded ? 'bounded_' : ''}${ofAuthor ? 'author_' : ''}`
  const isUsual = String(kinds) === String(usualKinds)
  return [prefix + name, ...(isUsual ? [] : kinds)].join('_')
}
