import type { Database } from '../../db/database.ts'
import { kindNumber } from '../../db/rollup/tables.ts'
import type { JsonText, Loaded } from '../../http/answer.ts'
import type { Cursor, CursorCodec } from '../../http/paging/cursor.ts'
import {
  linkHeader,
  metadataOf,
  type PageMetadata,
  type PagePosition,
} from '../../http/paging/page.ts'
import type { FeedFilter, FeedVariant, FoundActivity } from './feed.ts'
import { backFrom, boundsOf, positionFrom, startingBefore, theEnd } from './position.ts'
import { activityAfter, activityBefore, activityPage } from './queries.ts'
import type { ActivityPage, ActivityQuery } from './schemas.ts'

/** A request for a page of the feed, its cursor read: from here on nothing of it can be wrong. */
export type FeedRequest = {
  readonly query: ActivityQuery
  /** Which part of the feed, canonically: cursors hold only for it. */
  readonly filters: string
  readonly cursor: Cursor | undefined
}

/** @throws AppError invalid_cursor */
export function feedRequestOf(query: ActivityQuery, cursors: CursorCodec): FeedRequest {
  const { kind, authorId, after, before, cursor } = query
  const filters = JSON.stringify(['activity', kind, authorId, after, before])
  return {
    query,
    filters,
    cursor: cursor === undefined ? undefined : cursors.read(cursor, filters),
  }
}

/** Asks for the page by the statement that fits: on from a cursor, from the top, or by a jump. */
export async function findFeedPage(
  db: Database,
  { query, cursor }: FeedRequest,
): Promise<FoundActivity> {
  const { kind, authorId, after, before, page = 1, pageSize } = query
  const scope: FeedFilter = {
    kinds: `{${kind.map(kindNumber)}}`,
    authorId: authorId ?? null,
    after: after ?? '-infinity',
    before: before ?? 'infinity',
    size: pageSize,
  }
  const shape: FeedVariant = {
    ofAuthor: authorId !== undefined,
    isBounded: after !== undefined || before !== undefined,
  }
  const ask = () => {
    if (page > 1) return db.run(activityPage(shape), { ...scope, skip: (page - 1) * pageSize })
    if (!cursor) return db.run(activityBefore(shape), { ...scope, ...startingBefore(scope.before) })
    const statement = cursor.direction === 'next' ? activityBefore : activityAfter
    return db.run(statement(shape), { ...scope, ...boundsOf(positionFrom(cursor.position)) })
  }
  const [found] = await ask()
  if (!found) throw new Error('The feed always answers one row')
  return found
}

/** The page as it is sent: PostgreSQL's items, and cursors that lead on from it either way. */
export function feedPageOf(
  found: FoundActivity,
  { query, filters, cursor }: FeedRequest,
  cursors: CursorCodec,
  url: string,
): Loaded<ActivityPage> {
  const isUpwards = cursor?.direction === 'prev'
  const [hasNext, hasPrev] = isUpwards
    ? [found.isPreceded, found.goesOn]
    : [found.goesOn, found.isPreceded && found.total > 0]
  const end = (direction: Cursor['direction'], position: string | null): Cursor =>
    position !== null
      ? { direction, position: position.split('|') }
      : cursor
        ? backFrom(cursor)
        : { direction, position: theEnd }

  const metadata: PageMetadata = metadataOf(positionOfPage(query, cursor), query.pageSize, {
    total: found.total,
    asOf: found.asOf,
    hasNext,
    hasPrev,
    nextCursor: hasNext ? cursors.write(end('next', found.oldest), filters) : null,
    prevCursor: hasPrev ? cursors.write(end('prev', found.newest), filters) : null,
  })
  return {
    body: `{"items":${found.items},"metadata":${JSON.stringify(metadata)}}` as JsonText<ActivityPage>,
    headers: { Link: linkHeader(url, metadata) },
  }
}

const positionOfPage = ({ page = 1 }: ActivityQuery, cursor: Cursor | undefined): PagePosition =>
  cursor ? { strategy: 'cursor' } : { strategy: 'page', page }
