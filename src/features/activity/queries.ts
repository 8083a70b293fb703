import { type SQL, sql } from 'drizzle-orm'
import { type Placeholders, type Statement, statement } from '../../db/statement.ts'
import { countSince, locateRow } from './counts.ts'
import {
  type FeedFilter,
  type FeedPosition,
  type FeedVariant,
  type FoundActivity,
  farthest,
  feedPage,
  filterSqlOf,
  isPreceded,
  positionOf,
} from './feed.ts'

/** So many rows are passed over, counted from the newest within the bounds. */
export type Jump = FeedFilter & { readonly skip: number }

/** The page older than a position. */
export const activityBefore = inEveryShape<FeedPosition>('activity_before', (slots, shape) =>
  feedPage({
    slots,
    shape,
    direction: 'down',
    beyond: positionOf(slots),
    isPreceded: isPreceded('down', slots, shape),
  }),
)

/** The page newer than a position. */
export const activityAfter = inEveryShape<FeedPosition>('activity_after', (slots, shape) =>
  feedPage({
    slots,
    shape,
    direction: 'up',
    beyond: positionOf(slots),
    isPreceded: isPreceded('up', slots, shape),
  }),
)

/** The page that begins so many rows down. */
export const activityPage = inEveryShape<Jump>('activity_page', (slots, shape) => {
  const skip = sql`${slots.skip}::bigint`
  const part = filterSqlOf(slots, shape)
  return feedPage({
    slots,
    shape,
    direction: 'down',
    seek: locateRow(
      part,
      shape.isBounded ? sql`${countSince(part, slots.before)} + ${skip}` : skip,
    ),
    beyond: () => sql`((select until from seek), ${farthest})`,
    isPreceded: sql`${skip} > 0`,
  })
})

/** One statement per shape, each under its own name. */
function inEveryShape<Params extends FeedFilter>(
  name: string,
  build: (slots: Placeholders<Params>, shape: FeedVariant) => SQL<FoundActivity>,
): (shape: FeedVariant) => Statement<Params, FoundActivity> {
  const inShape = (prefix: string, shape: FeedVariant) =>
    statement(prefix + name, (_, slots: Placeholders<Params>) => build(slots, shape))
  const ever = inShape('', { ofAuthor: false, isBounded: false })
  const within = inShape('bounded_', { ofAuthor: false, isBounded: true })
  const authorEver = inShape('author_', { ofAuthor: true, isBounded: false })
  const authorWithin = inShape('bounded_author_', {
    ofAuthor: true,
    isBounded: true,
  })
  return ({ ofAuthor, isBounded }) =>
    ofAuthor ? (isBounded ? authorWithin : authorEver) : isBounded ? within : ever
}
