import { type SQL, sql } from 'drizzle-orm'
import { comments, posts, sessions, users } from '../schema.ts'

/**
 * The kinds of rows that are counted, in the feed's order for equal instants. Whatever differs from kind to kind is
 * derived from here; only the migrations know numbers and metrics too, and the contract what an item shows.
 */
export const kindTable = {
  post: {
    /** Stands for the kind in the rollups and in positions of the feed. */
    number: 0,
    table: posts,
    tableName: 'posts',
    /** The user whose row it is. */
    owner: posts.authorId,
    /** Its column in rollups that hold the kinds side by side, and its name in the trends. */
    metric: 'posts',
    /** Whether such a row makes its owner an active user of that day. */
    isActivity: true,
  },
  comment: {
    number: 1,
    table: comments,
    tableName: 'comments',
    owner: comments.authorId,
    metric: 'comments',
    isActivity: true,
  },
  signup: {
    number: 2,
    table: users,
    tableName: 'users',
    owner: users.id,
    metric: 'signups',
    isActivity: false,
  },
  session: {
    number: 3,
    table: sessions,
    tableName: 'sessions',
    owner: sessions.userId,
    metric: 'sessions',
    isActivity: true,
  },
} as const

type KindTable = typeof kindTable
export type Kind = keyof KindTable
export type TableName = KindTable[Kind]['tableName']
export type Metric = KindTable[Kind]['metric']
/** A kind that makes its owner active. */
export type ActivityKind = {
  [K in Kind]: KindTable[K]['isActivity'] extends true ? K : never
}[Kind]

export const kinds: readonly Kind[] = Object.keys(kindTable).filter(
  (name): name is Kind => name in kindTable,
)
export const activityKinds = kinds.filter(
  (kind): kind is ActivityKind => kindTable[kind].isActivity,
)
export const metrics = kinds.map((kind) => kindTable[kind].metric)
export const tableNames = kinds.map((kind) => kindTable[kind].tableName)

/** An entry of each, as a record. */
export const recordOf = <One, Key extends string, Value>(
  of: readonly One[],
  entryOf: (one: One) => readonly [key: Key, value: Value],
) => Object.fromEntries(of.map(entryOf)) as Record<Key, Value>

export const kindOfMetric = recordOf(kinds, (kind) => [kindTable[kind].metric, kind])
export const kindOfTable = recordOf(kinds, (kind) => [kindTable[kind].tableName, kind])

export const kindNumber = (kind: Kind): number => kindTable[kind].number

/** A kind's number as a literal: PostgreSQL drops the branches of kinds that were not asked for. */
export const kindLiteral = (kind: Kind): SQL => sql.raw(String(kindNumber(kind)))
