import { type SQL, sql } from 'drizzle-orm'
import { type Kind, kinds, kindTable, type TableName } from '../../db/rollup/kinds.ts'
import { type Placeholders, type Statement, statement } from '../../db/statement.ts'
import { countSince, locateRow } from './counts.ts'
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
import { lowestId } from './position.ts'

/** So many rows are passed over, counted from the newest within the bounds. */
export type Jump = FeedFilter & { readonly skip: number }

/** The tables a page of these kinds is read from: the kinds' own, and those that name its items. */
export const feedReads = (asked: readonly Kind[]): readonly TableName[] => [
  ...new Set([...asked.map((kind) => kindTable[kind].tableName), ...itemTables]),
]

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
  const target = variant.isBounded ? sql`${countSince(filter, asked.before)} + ${skip}` : skip
  const located = locateRow(filter, target)
  return feedPage({
    asked,
    variant,
    direction: 'next',
    located,
    beyond: () => sql`(${located.until}, ${sql.raw(`(${lowestId})::bigint`)})`,
    isPreceded: sql`${skip} > 0`,
  })
})

/** One statement per variant, each under its own name. */
function inEveryVariant<Params extends FeedFilter>(
  name: string,
  build: (asked: Placeholders<Params>, variant: FeedVariant) => SQL<FoundActivity>,
): (variant: FeedVariant) => Statement<Params, FoundActivity> {
  const reads = feedReads(kinds)
  const inVariant = (prefix: string, variant: FeedVariant) =>
    statement(prefix + name, { reads }, (_, asked: Placeholders<Params>) => build(asked, variant))
  const ever = inVariant('', { ofAuthor: false, isBounded: false })
  const within = inVariant('bounded_', { ofAuthor: false, isBounded: true })
  const authorEver = inVariant('author_', { ofAuthor: true, isBounded: false })
  const authorWithin = inVariant('bounded_author_', { ofAuthor: true, isBounded: true })
  return ({ ofAuthor, isBounded }) =>
    ofAuthor ? (isBounded ? authorWithin : authorEver) : isBounded ? within : ever
}
