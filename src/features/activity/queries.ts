import { type SQL, sql } from 'drizzle-orm'
import { type Slots, type Statement, statement } from '../../db/statement.ts'
import { seek, since } from './counts.ts'
import {
  type FoundActivity,
  type From,
  farthest,
  feedPage,
  isPreceded,
  partOf,
  positionOf,
  type Scope,
  type Shape,
} from './feed.ts'

/** So many rows are passed over, counted from the newest within the bounds. */
export type Jump = Scope & { readonly skip: number }

/** The page older than a position. */
export const activityBefore = inEveryShape<From>('activity_before', (slots, shape) =>
  feedPage({
    slots,
    shape,
    way: 'down',
    beyond: positionOf(slots),
    isPreceded: isPreceded('down', slots, shape),
  }),
)

/** The page newer than a position. */
export const activityAfter = inEveryShape<From>('activity_after', (slots, shape) =>
  feedPage({
    slots,
    shape,
    way: 'up',
    beyond: positionOf(slots),
    isPreceded: isPreceded('up', slots, shape),
  }),
)

/** The page that begins so many rows down. */
export const activityPage = inEveryShape<Jump>('activity_page', (slots, shape) => {
  const skip = sql`${slots.skip}::bigint`
  const part = partOf(slots, shape)
  return feedPage({
    slots,
    shape,
    way: 'down',
    seek: seek(part, shape.isBounded ? sql`${since(part, slots.before)} + ${skip}` : skip),
    beyond: () => sql`((select until from seek), ${farthest})`,
    isPreceded: sql`${skip} > 0`,
  })
})

/** One statement per shape, each under its own name. */
function inEveryShape<Params extends Scope>(
  name: string,
  build: (slots: Slots<Params>, shape: Shape) => SQL<FoundActivity>,
): (shape: Shape) => Statement<Params, FoundActivity> {
  const inShape = (prefix: string, shape: Shape) =>
    statement(prefix + name, (_, slots: Slots<Params>) => build(slots, shape))
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
