import { type Kind, kindNumber, kinds, recordOf } from '../../db/rollup/kinds.ts'
import { highestId, lowestId } from '../../db/rollup/sources.ts'
import type { FeedBounds } from './feed.ts'

/** Where a row stands in the feed: `[instant, kind number, id]`, each as text. */
export type Position = readonly [at: string, kind: string, id: string]

/** Beyond the oldest row. */
export const theEnd: Position = ['-infinity', String(Math.max(...kinds.map(kindNumber))), lowestId]

/** From a cursor's parts. */
export function positionFrom(parts: readonly string[]): Position {
  const [at = '', kind = '', id = ''] = parts
  return [at, kind, id]
}

/** The feed from its newest row before `instant` on. */
export const startingBefore = (instant: string): FeedBounds => boundsAt(instant, () => lowestId)

/**
 * The bounds beyond a position: of the rows at its instant, its own kind's lie beyond its id, those of a kind
 * that sorts later lie beyond it altogether going down, and those of an earlier one do going up.
 */
export function boundsOf([at, kind, id]: Position): FeedBounds {
  return boundsAt(at, (each) => {
    const number = kindNumber(each)
    return number === Number(kind) ? id : number > Number(kind) ? highestId : lowestId
  })
}

const boundsAt = (at: string, idOf: (kind: Kind) => string): FeedBounds => ({
  at,
  ...recordOf(kinds, (kind) => [`${kind}Id`, idOf(kind)]),
})
