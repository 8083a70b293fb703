import { type BoundStatement, bind } from '../../db/bound-statement.ts'
import type { JsonText, Loaded } from '../../http/answer.ts'
import type { CursorCodec } from '../../http/paging/cursor.ts'
import { type KeysetRequest, keysetMetadata } from '../../http/paging/keyset.ts'
import { linkHeader } from '../../http/paging/page.ts'
import type { FeedFilter, FeedVariant, FoundActivity } from './feed.ts'
import { boundsOf, positionFrom, theEnd } from './position.ts'
import { activityAfter, activityBefore, activityPage, activityTop } from './queries.ts'
import type { ActivityPage, ActivityQuery } from './schemas.ts'
import { endsOf, itemsOf } from './shown.ts'

/** A request for a page of the feed. */
export type FeedRequest = KeysetRequest & { readonly query: ActivityQuery }

/** @throws AppError invalid_cursor */
export function feedRequestOf(query: ActivityQuery, cursors: CursorCodec): FeedRequest {
  const { kind, authorId, after, before, cursor, page, pageSize } = query
  const fingerprint = JSON.stringify(['activity', kind, authorId, after, before])
  return {
    query,
    fingerprint,
    cursor: cursor === undefined ? undefined : cursors.read(cursor, fingerprint),
    page,
    pageSize,
    end: theEnd,
    ids: 'falling',
  }
}

/** The statement that finds the page: on from a cursor, from the top, or by a jump. */
export function feedStatementOf({
  query,
  cursor,
  page = 1,
}: FeedRequest): BoundStatement<FoundActivity> {
  const { kind, authorId, after, before, pageSize } = query
  const filter: FeedFilter = {
    authorId: authorId ?? null,
    after: after ?? '-infinity',
    before: before ?? 'infinity',
    size: pageSize,
  }
  const variant: FeedVariant = {
    kinds: kind,
    ofAuthor: authorId !== undefined,
    isBounded: after !== undefined || before !== undefined,
  }
  if (page > 1) return bind(activityPage(variant), { ...filter, skip: (page - 1) * pageSize })
  if (!cursor) return bind(activityTop(variant), filter)
  const statement = cursor.direction === 'next' ? activityBefore : activityAfter
  return bind(statement(variant), { ...filter, ...boundsOf(positionFrom(cursor.position)) })
}

/** The page as it is sent: PostgreSQL's items, and cursors that lead on from it either way. */
export function feedPageOf(
  found: FoundActivity,
  request: FeedRequest,
  cursors: CursorCodec,
  url: string,
): Loaded<ActivityPage> {
  const { total, asOf, isPreceded, count } = found
  const goesOn = count > request.pageSize
  const items = itemsOf(
    found.items ?? '',
    goesOn ? (request.cursor?.direction ?? 'next') : undefined,
  )
  const metadata = keysetMetadata(
    { ...endsOf(items), total, asOf, isPreceded, goesOn },
    request,
    cursors,
  )
  return {
    body: `{"items":[${items}],"metadata":${JSON.stringify(metadata)}}` as JsonText<ActivityPage>,
    headers: { Link: linkHeader(url, metadata) },
  }
}
