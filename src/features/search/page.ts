import { type BoundStatement, bind } from '../../db/bound-statement.ts'
import type { JsonText, Loaded } from '../../http/answer.ts'
import type { CursorCodec } from '../../http/paging/cursor.ts'
import { type KeysetRequest, keysetMetadata } from '../../http/paging/keyset.ts'
import { linkHeader } from '../../http/paging/page.ts'
import { mostRanked } from './bounds.ts'
import { type FoundHits, searchNext, searchPage, searchPrev } from './queries.ts'
import type { SearchPage, SearchQuery } from './schemas.ts'
import type { Window } from './window.ts'

export type SearchRequest = Omit<KeysetRequest, 'end'> & { readonly query: SearchQuery }

/** @throws AppError invalid_cursor */
export function searchRequestOf(query: SearchQuery, cursors: CursorCodec): SearchRequest {
  const { q, type, sort, cursor, page, pageSize } = query
  const fingerprint = JSON.stringify(['search', q, type, sort])
  return {
    query,
    fingerprint,
    cursor: cursor === undefined ? undefined : cursors.read(cursor, fingerprint),
    page,
    pageSize,
    ids: 'falling',
  }
}

/** The statement that finds the page: on from a cursor, or in a new search. */
export function searchStatementOf({
  query,
  cursor,
  page = 1,
}: SearchRequest): BoundStatement<FoundHits> {
  const { q, pageSize: size } = query
  if (!cursor) {
    const skip = Math.min((page - 1) * size, mostRanked)
    return bind(searchPage(query), { q, size, skip })
  }
  const statement = cursor.direction === 'next' ? searchNext : searchPrev
  return bind(statement(query), { q, size, ...positionFrom(cursor.position) })
}

/** The page as it is sent: PostgreSQL's hits, and cursors that lead on from it either way, in the same window. */
export function searchPageOf(
  found: FoundHits,
  request: SearchRequest,
  cursors: CursorCodec,
  url: string,
): Loaded<SearchPage> {
  const { items, total, posts, users } = found
  const window = partsOf(found)
  const inWindow = (end: readonly string[] | null) => end && [...window, ...end]
  const metadata = {
    ...keysetMetadata(
      { ...found, first: inWindow(found.first), last: inWindow(found.last) },
      { ...request, end: [...window, ...theEnd] },
      cursors,
    ),
    ranked: total,
    matches: found.matches,
    isExact: found.isExact,
    since: found.edgeAt === '-infinity' ? null : found.edgeAt,
  }
  const rest = JSON.stringify({ metadata, counts: { posts, users } }).slice(1)
  return {
    body: `{"items":[${items ?? ''}],${rest}` as JsonText<SearchPage>,
    headers: { Link: linkHeader(url, metadata) },
  }
}

/** Beyond every hit: keys and ids are PostgreSQL's bigint. */
const theEnd = ['-9223372036854775808', '-9223372036854775808']

const partsOf = ({ at, topAt, edgeAt, edgeId, way, matches, isExact }: Window): string[] => [
  at,
  topAt,
  edgeAt,
  edgeId,
  way,
  String(matches),
  String(isExact),
]

function positionFrom(parts: readonly string[]) {
  const [at = '', topAt = '', edgeAt = '', edgeId = '', way = '', ...rest] = parts
  const [matches = '', isExact = '', key = '', id = ''] = rest
  const counted = { matches: Number(matches), isExact: isExact === 'true' }
  return { at, topAt, edgeAt, edgeId, way, ...counted, key, id }
}
