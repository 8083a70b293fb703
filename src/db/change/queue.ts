import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/*
 * Who makes comments on a post shares its row lock, and sharers pass by whoever waits to hold it alone: at 3,000 comments a second
 * a deletion waited 6 s. So both queue first, where those who come later wait behind.
 */

/** A CTE: the lock is held to the transaction's end, shared with others. */
export const queuedAmong = (postId: SQLWrapper, from: SQLWrapper): SQL =>
  sql`queued as materialized (select pg_advisory_xact_lock_shared(${keyOf(postId)}) from ${from})`

/** As `queuedAmong`, and nobody else's. */
export const queuedAlone = (postId: SQLWrapper): SQL =>
  sql`queued as materialized (select pg_advisory_xact_lock(${keyOf(postId)}))`

const keyOf = (postId: SQLWrapper) => sql`hashtextextended('shopboard.post', ${postId})`
