import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Placeholders } from '../statement.ts'

/** Orders of a list: rows with equal keys follow their ids, the same way. */
export const orders = ['asc', 'desc'] as const
export type Order = (typeof orders)[number]

/** How a page is reached: from either end, on from a position or back from it, or at a number. */
export const ways = ['top', 'bottom', 'next', 'prev', 'page'] as const
export type Way = (typeof ways)[number]

export type SortName = 'createdAt' | 'commentsCount' | 'lastSeenAt' | 'username'
/** What a list may be narrowed by: `bounds` are instants of creation. */
export type FilterName =
  | 'author'
  | 'user'
  | 'post'
  | 'active'
  | 'inactive'
  | 'admins'
  | 'others'
  | 'search'
  | 'tags'
  | 'properties'
  | 'bounds'
  | 'state'
  | 'kind'
  | 'request'
  | 'row'
  | 'actor'
  | 'action'
  | 'table'

/** Each is a statement of its own: its rows lie in other indexes. */
export type ListVariant = {
  readonly sort: SortName
  /** In the order in which the list names them. */
  readonly filters: readonly FilterName[]
  readonly order: Order
}

/** What a page is asked with; each statement takes what it needs of it. */
export type ListParams = {
  /** 1..100 rows. */
  readonly size: number
  /** The position to go on from. */
  readonly key: string
  readonly id: string
  /** Rows passed over by a page at a number. */
  readonly skip: number
  /** Whose rows, or of which post. */
  readonly userId: number | null
  readonly postId: number | null
  /** Instants, RFC 3339 or ±infinity; both bounds are exclusive. */
  readonly after: string
  readonly before: string
  /** Of `like`, in lower case. */
  readonly pattern: string
  /** Of jobs. */
  readonly state: string | null
  readonly kind: string | null
  /** Of the audit log: instants, RFC 3339 or ±infinity, half-open. */
  readonly from: string
  readonly to: string
  readonly table: string | null
  readonly rowId: number | null
  readonly actor: string | null
  readonly action: string | null
  readonly requestId: string | null
  /** All of which a row has. */
  readonly tags: readonly string[]
  /** JSON objects, one of which a row's own contains. */
  readonly properties: readonly string[]
}

/** The placeholders of `ListParams`. */
export type Asked = Placeholders<ListParams>

/** A table whose rows are listed while they live. */
export type Table = SQLWrapper & { readonly id: SQLWrapper; readonly deletedAt: SQLWrapper }

export type FoundPage<Total extends number | null = number> = {
  /**
   * A line for each row, in the list's order: its JSON. A line before it tells its position, a JSON array of texts, where it
   * is not what the JSON says. One row more where it goes on.
   */
  readonly rows: string | null
  /** Whether rows lie behind, where the page was reached from. */
  readonly isPreceded: boolean
  /** Rows of the whole list. */
  readonly total: Total
  readonly asOf: string
  /** Of a walk that ended before the page was full: the position to go on from. */
  readonly goesOnFrom?: string | null
}

/** Rows that an index gives in the order of their keys and ids. */
export type Source = {
  readonly from: SQL
  /** Without what nothing but the item's columns refers to. */
  readonly bare?: SQL
  readonly where: SQL
  readonly key: SQL
  readonly id: SQL
}

/** What rows are sorted by; `anyInstant` also holds what RFC 3339 cannot write: never, and what is older than its check. */
export type Key = 'instant' | 'anyInstant' | 'text' | 'count'

/** What is shown of a row. */
export type Item = {
  /** What rows of a source bring along, as columns. */
  readonly columns: SQL
  /** A row of `page`, which has these columns, `key` and `id`, as JSON without a line break. */
  readonly json: SQL
  /** What `json` refers to besides `page`. */
  readonly joins: SQL
  /** CTEs that `json` and `joins` refer to. */
  readonly ctes?: SQL
}

/** Where row number `skip` of a list comes next. */
export type Landing = {
  /** CTEs that the two below refer to. */
  readonly ctes: SQL
  /** The `(key, id)` of the row before it; null where the list ends before. */
  readonly position: SQL
  readonly total: SQL
}

/** Rows that are read in the list's order and filtered as they come, so many for a page at most. */
export type Walk = {
  readonly sources: readonly Source[]
  readonly matches: SQL
  /** Holds where the list is walked. */
  readonly isWalked: SQL
}

/** A list as SQL: which rows, in which order, and how many. */
export type ListSql = {
  /** The list is their ordered merge. */
  readonly sources: readonly Source[]
  /** Beside them. */
  readonly walk?: Walk
  /** The table that the item's columns are read from once the page is picked: many rows are looked at for it. */
  readonly late?: SQLWrapper
  readonly key: Key
  readonly order: Order
  /** Whether partitions hold the rows by their keys: a position leaves out those that lie before it. */
  readonly isPartitioned?: boolean
  readonly item: Item
  readonly ctes?: SQL
  readonly total: SQL
  /** Of a page at a number. */
  readonly landing: () => Landing
}

/** The order of sources and pages, along the list or back. */
export const orderOf = (order: Order, direction: 'next' | 'prev'): SQL => {
  const way = isRising(order, direction) ? 'asc' : 'desc'
  return sql.raw(`key ${way}, id ${way}`)
}

/** Compares rows with a position that they lie beyond. */
export const beyond = (order: Order, direction: 'next' | 'prev'): SQL =>
  sql.raw(isRising(order, direction) ? '>' : '<')

const isRising = (order: Order, direction: 'next' | 'prev') =>
  (order === 'asc') === (direction === 'next')
