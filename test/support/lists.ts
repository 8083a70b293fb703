import fc from 'fast-check'
import type { ListParams } from '../../src/db/list/list.ts'
import type { TestSql } from './database.ts'

/** A page of a list, as far as paging goes. */
export type AnyPage = {
  readonly items: readonly { readonly id: number }[]
  readonly metadata: {
    readonly hasNext: boolean
    readonly hasPrev: boolean
    readonly nextCursor: string | null
    readonly prevCursor: string | null
    readonly total: number | null
    readonly page: number | null
    readonly totalPages: number | null
  }
}

/** Values of a list that is asked for nothing: a statement takes what it needs of them. */
export const unasked: ListParams = {
  ...{ key: '', id: '', size: 20, skip: 0, userId: null, postId: null, pattern: '' },
  ...{ after: '-infinity', before: 'infinity', tags: [], properties: [] },
  ...{ state: null, kind: null, table: null, rowId: null, actor: null, action: null },
  ...{ requestId: null, from: '-infinity', to: 'infinity' },
}

type Query = Readonly<Record<string, string>>

/** What can be asked of a list: its sorts, and filters with the condition each stands for. */
type Askable = {
  readonly table: string
  readonly sorts: Readonly<Record<string, string>>
  readonly filters: readonly (readonly [query: Query, condition: string])[]
}

const bounds = [
  [{ createdAfter: '2020-02-29T23:59:59.999996Z' }, "created_at > '2020-02-29T23:59:59.999996Z'"],
  [{ createdBefore: '2020-02-29T23:59:59.999999Z' }, "created_at < '2020-02-29T23:59:59.999999Z'"],
  [
    { createdAfter: '2020-02-29T23:59:59.999996Z', createdBefore: '2020-03-01' },
    "created_at > '2020-02-29T23:59:59.999996Z' and created_at < '2020-03-01Z'",
  ],
] as const

export const askable: Readonly<Record<string, Askable>> = {
  posts: {
    table: 'posts',
    sorts: {
      createdAt: 'created_at',
      commentsCount:
        '(select count(*) from comments where post_id = posts.id and comments.deleted_at is null)',
    },
    filters: [
      [{ authorId: '-1' }, 'author_id = -1'],
      [{ tag: 'a' }, "'a' = any (tags)"],
      [{ tag: ' B,a' }, "'a' = any (tags) and 'b' = any (tags)"],
      [{ 'metadata[n]': '5' }, "metadata -> 'n' in ('5', '\"5\"')"],
      [{ 'metadata[in][b|"]': 'x' }, `metadata -> 'in' ->> 'b|"' = 'x'`],
      ...bounds,
    ],
  },
  users: {
    table: 'users',
    sorts: {
      createdAt: 'created_at',
      username: 'lower(username)',
      lastSeenAt: "coalesce(last_seen_at, '-infinity')",
    },
    filters: [
      [{ isActive: 'true' }, 'is_active'],
      [{ isActive: 'false' }, 'not is_active'],
      [{ isAdmin: 'true' }, 'is_admin'],
      [{ isAdmin: 'false' }, 'not is_admin'],
      [{ search: 'Ann' }, "lower(username) like '%ann%'"],
      [{ search: 'zoë|%' }, "strpos(lower(username), 'zoë|%') > 0"],
      [{ 'preferences[n]': 'true' }, "preferences -> 'n' in ('true', '\"true\"')"],
      ...bounds,
    ],
  },
  comments: {
    table: 'comments',
    sorts: { createdAt: 'created_at' },
    filters: [
      [{ authorId: '-2' }, 'author_id = -2'],
      [{ postId: '-1' }, 'post_id = -1'],
      ...bounds,
    ],
  },
  sessions: {
    table: 'sessions',
    sorts: { createdAt: 'created_at', lastSeenAt: 'last_seen_at' },
    filters: [[{ userId: '-1' }, 'user_id = -1'], ...bounds],
  },
}

/** A question that is offered, and the ids of the rows that answer it, the plain way. */
export const question = fc
  .record({
    list: fc.constantFrom(...Object.keys(askable)),
    sort: fc.nat(),
    filters: fc.array(fc.nat(), { maxLength: 3 }),
    order: fc.constantFrom('asc', 'desc'),
    pageSize: fc.integer({ min: 1, max: 7 }),
  })
  .map(({ list, sort, filters, order, pageSize }) => {
    const { table, sorts, filters: known } = askable[list] ?? { table: '', sorts: {}, filters: [] }
    const [name = '', key = ''] = Object.entries(sorts)[sort % Object.keys(sorts).length] ?? []
    const asked = filters.flatMap((each) => {
      const filter = known[each % known.length]
      return filter && isOffered(name, filter[0]) ? [filter] : []
    })
    const query: Record<string, string> = Object.assign(
      { sort: name, order, pageSize: String(pageSize) },
      ...asked.map(([each]) => each),
    )
    if (query.postId || isLabelled(query)) delete query.authorId
    if (query['preferences[n]'])
      for (const other of ['isActive', 'isAdmin', 'search']) delete query[other]
    const conditions = known.flatMap(([each, condition]) =>
      Object.entries(each).every(([parameter, value]) => query[parameter] === value)
        ? [condition]
        : [],
    )
    const text = `select id::integer as id from ${table}
      where ${['deleted_at is null', ...conditions].join(' and ')} order by ${key} ${order}, id ${order}`
    return { list, query, text }
  })

const isOffered = (sort: string, query: Query) =>
  sort === 'createdAt' ||
  !Object.keys(query).some((name) => /^created|^authorId$|^tag$|\[/.test(name))

const isLabelled = (query: Query) =>
  Object.keys(query).some((name) => name === 'tag' || name.startsWith('metadata'))

export const idsOf = async (sql: TestSql, text: string): Promise<number[]> =>
  (await sql.unsafe<{ id: number }[]>(text)).map(({ id }) => id)
