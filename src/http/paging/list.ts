import type { Context, TypedResponse } from 'hono'
import { type BoundStatement, bind, onlyRow } from '../../db/bound-statement.ts'
import type { ListPages } from '../../db/list/family.ts'
import { mostFiltered, mostPassedOver } from '../../db/list/landing.ts'
import type {
  FilterName,
  FoundPage,
  ListParams,
  ListVariant,
  Order,
  SortName,
  Way,
} from '../../db/list/list.ts'
import { validationFailed } from '../../errors/error.ts'
import { type JsonText, type Loaded, respond } from '../answer.ts'
import type { AppEnv } from '../context.ts'
import type { CursorCodec } from './cursor.ts'
import { type KeysetRequest, keysetMetadata } from './keyset.ts'
import { linkHeader, type PageMetadata } from './page.ts'

/** A list: its statements, and what narrows it. */
export type List<Total extends number | null> = {
  /** Cursors hold for lists of this name only. */
  readonly name: string
  readonly pages: ListPages<Total>
  readonly filters: readonly FilterName[]
  /** Whether the first filter given says by which index rows are found, and the others narrow what it gives. */
  readonly isFoundByFirst?: boolean
  /** Whether a page at a number may lie too far in: where no rollup knows positions. */
  readonly isPassedOver: (variant: ListVariant) => boolean
}

/** What a list may be asked for; each list takes some of it. */
export type ListQuery = {
  readonly sort: SortName
  readonly order?: Order | undefined
  readonly cursor?: string | undefined
  readonly page?: number | undefined
  readonly pageSize: number
  readonly authorId?: number | undefined
  readonly userId?: number | undefined
  readonly postId?: number | undefined
  readonly isActive?: boolean | undefined
  readonly isAdmin?: boolean | undefined
  readonly search?: string | undefined
  readonly tag?: readonly string[] | undefined
  readonly metadata?: readonly string[] | undefined
  readonly preferences?: readonly string[] | undefined
  readonly createdAfter?: string | undefined
  readonly createdBefore?: string | undefined
  readonly state?: string | undefined
  readonly kind?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly table?: string | undefined
  readonly rowId?: number | undefined
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly requestId?: string | undefined
}

export type ListRequest = KeysetRequest & {
  readonly query: ListQuery
  readonly variant: ListVariant
}

type Page<Item, Total extends number | null> = { items: Item[]; metadata: PageMetadata<Total> }

/** Answers with the page that the query asks for. @throws AppError invalid_cursor; validation_failed for a page too far in */
export function respondList<Item, Total extends number | null>(
  c: Context<AppEnv>,
  list: List<Total>,
  query: ListQuery,
): Promise<Response & TypedResponse<Page<Item, Total>, 200, 'json'>> {
  const { cursors } = c.get('services')
  const request = listRequestOf(list, query, cursors)
  return respond(c, { statement: listStatementOf(list, request), tier: 'short' }, (rows) =>
    listPageOf<Item, Total>(list, onlyRow(rows), request, cursors, c.req.url),
  )
}

/** @throws AppError invalid_cursor */
export function listRequestOf(
  {
    name,
    filters,
    isFoundByFirst = false,
  }: Pick<List<null>, 'name' | 'filters' | 'isFoundByFirst'>,
  query: ListQuery,
  cursors: CursorCodec,
): ListRequest {
  const { sort, order = sort === 'username' ? 'asc' : 'desc', cursor, page, pageSize } = query
  const given = filters.filter((filter) => isGiven[filter](query))
  const { size: _, skip: __, ...asked } = paramsOf(query)
  const fingerprint = JSON.stringify([name, sort, order, given, asked])
  return {
    query,
    variant: { sort, order, filters: isFoundByFirst ? given.slice(0, 1) : given },
    fingerprint,
    cursor: cursor === undefined ? undefined : cursors.read(cursor, fingerprint),
    page,
    pageSize,
    end: [],
    ids: order === 'desc' ? 'falling' : 'rising',
  }
}

const isGiven: Readonly<Record<FilterName, (query: ListQuery) => boolean>> = {
  author: ({ authorId }) => authorId !== undefined,
  user: ({ userId }) => userId !== undefined,
  post: ({ postId }) => postId !== undefined,
  active: ({ isActive }) => isActive === true,
  inactive: ({ isActive }) => isActive === false,
  admins: ({ isAdmin }) => isAdmin === true,
  others: ({ isAdmin }) => isAdmin === false,
  search: ({ search }) => search !== undefined,
  tags: ({ tag }) => tag !== undefined,
  properties: (query) => propertiesOf(query) !== undefined,
  bounds: ({ createdAfter, createdBefore }) =>
    createdAfter !== undefined || createdBefore !== undefined,
  state: ({ state }) => state !== undefined,
  kind: ({ kind }) => kind !== undefined,
  request: ({ requestId }) => requestId !== undefined,
  row: ({ rowId }) => rowId !== undefined,
  actor: ({ actor }) => actor !== undefined,
  action: ({ action }) => action !== undefined,
  table: ({ table }) => table !== undefined,
}

const paramsOf = (query: ListQuery): Omit<ListParams, 'key' | 'id'> => ({
  size: query.pageSize,
  skip: skipped(query),
  userId: query.authorId ?? query.userId ?? null,
  postId: query.postId ?? null,
  after: query.createdAfter ?? '-infinity',
  before: query.createdBefore ?? 'infinity',
  pattern: likePattern(query.search ?? ''),
  state: query.state ?? null,
  kind: query.kind ?? null,
  from: query.from ?? '-infinity',
  to: query.to ?? 'infinity',
  table: query.table ?? null,
  rowId: query.rowId ?? null,
  actor: query.actor ?? null,
  action: query.action ?? null,
  requestId: query.requestId ?? null,
  tags: query.tag ?? [],
  properties: propertiesOf(query) ?? [],
})

const propertiesOf = ({ metadata, preferences }: ListQuery) => metadata ?? preferences

const skipped = ({ page = 1, pageSize }: Pick<ListQuery, 'page' | 'pageSize'>) =>
  (page - 1) * pageSize

/** Matches what contains the text, all of whose characters stand for themselves. */
const likePattern = (text: string) => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`

/** The statement that finds the page: from an end of the list, on from a cursor, or by a jump. */
export function listStatementOf<Total extends number | null>(
  { pages }: List<Total>,
  { query, variant, cursor, page = 1 }: ListRequest,
): BoundStatement<FoundPage<Total>> {
  const [key = '', id = ''] = cursor?.position ?? []
  return bind(pages({ ...variant, way: wayOf(cursor, page) }), { ...paramsOf(query), key, id })
}

/** A cursor from beyond the end of the list has no position. */
function wayOf(cursor: ListRequest['cursor'], page: number): Way {
  if (!cursor) return page > 1 ? 'page' : 'top'
  return cursor.position.length === 0 ? 'bottom' : cursor.direction
}

/** The page as it is sent: PostgreSQL's items, and cursors that lead on from it either way. */
export function listPageOf<Item, Total extends number | null>(
  { isPassedOver }: Pick<List<Total>, 'isPassedOver'>,
  found: FoundPage<Total>,
  request: ListRequest,
  cursors: CursorCodec,
  url: string,
): Loaded<Page<Item, Total>> {
  const { total, asOf, isPreceded } = found
  const { query, variant, pageSize } = request
  const skip = skipped(query)
  if (total === null && skip > mostFiltered) throw tooFarIn(`goes ${mostFiltered} rows in`)
  if (total !== null && isPassedOver(variant) && isFarIn(skip, total))
    throw tooFarIn(`goes ${mostPassedOver} rows from either end of this list`)
  const { items, goesOn, ...ends } = shownOf(found, request)
  if (total === null && skip > 0 && items.length === 0) throw tooFarIn('does not go so far in')
  const metadata = keysetMetadata({ ...ends, total, asOf, isPreceded, goesOn }, request, cursors)
  const isReached = (page: number) =>
    total === null
      ? page < (metadata.page ?? 1)
      : !isPassedOver(variant) || !isFarIn(skipped({ page, pageSize }), total)
  return {
    body: `{"items":[${items.join(',')}],"metadata":${JSON.stringify(metadata)}}` as JsonText<
      Page<Item, Total>
    >,
    headers: { Link: linkHeader(url, metadata, isReached) },
  }
}

/** The rows of a page, each as JSON, the positions of its ends, and whether the list goes on in its direction. */
export function shownOf(
  found: Pick<FoundPage<number | null>, 'rows' | 'goesOnFrom'>,
  { variant, pageSize, cursor }: Pick<ListRequest, 'variant' | 'pageSize' | 'cursor'>,
) {
  const rows = rowsOf(found.rows)
  const isFull = rows.length > pageSize
  const isBackward = cursor?.direction === 'prev'
  const shown = isFull ? (isBackward ? rows.slice(1) : rows.slice(0, -1)) : rows
  const cut = isFull ? null : (found.goesOnFrom ?? null)
  const [first, last] = isBackward ? [cut, null] : [null, cut]
  return {
    items: shown.map(({ item }) => item),
    goesOn: isFull || cut !== null,
    first: first === null ? positionOf(shown[0], variant.sort) : JSON.parse(first),
    last: last === null ? positionOf(shown.at(-1), variant.sort) : JSON.parse(last),
  }
}

/** A row's JSON, and its position where that does not say it. */
type Row = { readonly item: string; readonly position?: string | undefined }

function rowsOf(text: string | null): Row[] {
  const lines = text?.split('\n') ?? []
  if (!lines[0]?.startsWith('[')) return lines.map((item) => ({ item }))
  return Array.from({ length: lines.length / 2 }, (_, row) => ({
    position: lines[2 * row],
    item: lines[2 * row + 1] ?? '',
  }))
}

function positionOf(row: Row | undefined, sort: SortName): string[] | null {
  if (!row) return null
  if (row.position !== undefined) return JSON.parse(row.position)
  const item: Record<string, unknown> = JSON.parse(row.item)
  return [String(item[sort]), String(item.id)]
}

const isFarIn = (skip: number, total: number) =>
  skip > mostPassedOver && total - skip > mostPassedOver

const tooFarIn = (message: string) =>
  validationFailed([
    { path: 'page', message: `${message.replace(/(?=\d{3} )/, ',')}; go on by cursor` },
  ])
