import { kindNumber, kinds } from '../../db/rollup/tables.ts'
import type { Cursor } from '../../http/paging/cursor.ts'
import type { FeedPosition } from './feed.ts'

/** Where a row stands in the feed: `[instant, kind number, id]`, each as text. */
export type Position = readonly [at: string, kind: string, id: string]

const firstId = '-9223372036854775808'
const lastId = '9223372036854775807'

/** Beyond the oldest row. */
export const theEnd: Position = ['-infinity', '3', firstId]

/** `instant|kind number|id`, as the statements give it. */
export function positionFrom(parts: readonly string[]): Position {
  const [at = '', kind = '', id = ''] = parts
  return [at, kind, id]
}

type Bounds = Omit<FeedPosition, 'kinds' | 'authorId' | 'after' | 'before' | 'size'>

/** The feed from its newest row before `instant` on. */
export const startingBefore = (instant: string): Bounds => ({
  at: instant,
  postId: firstId,
  commentId: firstId,
  signupId: firstId,
  sessionId: firstId,
})

/**
 * The bounds beyond a position: of the rows at its instant, its own kind's lie beyond its id, those of a kind
 * that sorts later lie beyond it altogether going down, and those of an earlier one do going up.
 */
export function boundsOf([at, kind, id]: Position): Bounds {
  const idOf = (number: number) =>
    number === Number(kind) ? id : number > Number(kind) ? lastId : firstId
  const [post, comment, signup, session] = kinds.map((each) => idOf(kindNumber(each)))
  return {
    at,
    postId: post ?? firstId,
    commentId: comment ?? firstId,
    signupId: signup ?? firstId,
    sessionId: session ?? firstId,
  }
}

/** The cursor that leads back from a page found empty: the row it was reached from comes first. */
export function backFrom({ direction, position }: Cursor): Cursor {
  const [at, kind, id] = positionFrom(position)
  return direction === 'next'
    ? { direction: 'prev', position: [at, kind, `${BigInt(id) - 1n}`] }
    : { direction: 'next', position: [at, kind, `${BigInt(id) + 1n}`] }
}
