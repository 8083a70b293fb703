import { type SQL, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { family, type Placeholders } from '../../db/statement.ts'
import type { Direction } from '../../http/paging/cursor.ts'
import { type SearchSort, type SearchType, searchSorts, searchTypes } from './schemas.ts'
import { asked, type Source, sources } from './sources.ts'
import { countOf, endsOf, type Window, windowOf } from './window.ts'

export type Search = {
  readonly q: string
  /** 1..100 rows. */
  readonly size: number
}
/** So many rows are passed over. */
export type NumberedPage = Search & { readonly skip: number }
/** Where to go on from: the row, by what it is sorted by and its id, in its window. */
export type SearchPosition = Search & Window & { readonly key: string; readonly id: string }

/** Each is a statement of its own. */
export type SearchVariant = { readonly type: SearchType; readonly sort: SearchSort }

export type FoundHits = Window & {
  /** Hits as JSON texts with commas between, in the order of the search. */
  readonly items: string | null
  /** The positions of the outermost hits in the window. */
  readonly first: readonly [key: string, id: string] | null
  readonly last: readonly [key: string, id: string] | null
  /** Whether rows follow, in the direction gone; whether there are some where the page was reached from. */
  readonly goesOn: boolean
  readonly isPreceded: boolean
  /** Rows of the window. */
  readonly total: number
  readonly posts: number
  readonly users: number | null
  readonly asOf: string
}

type HitsPage = {
  readonly asked: Placeholders<Search>
  readonly variant: SearchVariant
  readonly direction: Direction
  /** The window that a cursor brings; a new one without. */
  readonly again?: Placeholders<Window>
  readonly beyond: SQL
  readonly skip: SQL
  readonly isPreceded: SQL
}

/** Whole numbers, which no setting of a session rounds: keys are sent as text and compared again. */
const keyOf = (source: Source, sort: SearchSort): SQL =>
  sort === 'relevance'
    ? sql`(${source.relevance(sql.raw('(select at from plan)'))} * 1e15)::bigint`
    : sql`(extract(epoch from ${source.table.createdAt}) * 1000000)::bigint`

const toText = (instant: SQL): SQL =>
  sql`case when isfinite(${instant}) then ${rfc3339(instant)} else '-infinity' end`

function hitsPage({
  asked: { q, size },
  variant,
  direction,
  again,
  ...page
}: HitsPage): SQL<FoundHits> {
  const source = sources[variant.type]
  const rank = sql`trim_scale(round((${source.relevance(sql.raw('(select at from plan)'))})::numeric, 9))`
  const order = sql.raw(direction === 'next' ? 'key desc, id desc' : 'key, id')
  const end = (which: string) =>
    sql`(select json_build_array(key::text, id::text) from page where nth - ${page.skip} <= ${size}::int order by ${sql.raw(which)} limit 1)`
  const counts = { posts: sql`known.matches`, users: sql`known.matches` }
  if (variant.type === 'posts') counts.users = countOf(sources.users, sql.raw('null'))
  else {
    counts.posts = countOf(sources.posts, sql.raw('0'))
    counts.users = sql`case when ${source.isAnswerable} then known.matches end`
  }
  return sql`
    with ${asked(sql`${q}`)},
    ${windowOf(source, again)},
    ${again ? carried : endsOf(source)},
    ranked as materialized (
      select matching.id, ${keyOf(source, variant.sort)} as key from matching join ${source.table} on ${source.table}.ctid = place
    ),
    page as materialized (
      select id, key, row_number() over (order by ${order}) as nth from ranked where ${page.beyond}
      order by ${order} offset ${page.skip} limit ${size}::int + 1
    )
    select (
        select string_agg(${source.hit(rank)}, ',' order by page.key desc, page.id desc)
        from (
          select id, key from page where nth - ${page.skip} <= ${size}::int
        ) as page ${source.joins}
      ) as items,
      ${end('key desc, id desc')} as first, ${end('key, id')} as last,
      (select count(*) from page) > ${size}::int as "goesOn", (${page.isPreceded}) as "isPreceded",
      (select count(*) from ranked) as total,
      ${counts.posts} as posts, ${counts.users} as users, known.matches, known.is_exact as "isExact",
      ${rfc3339(sql.raw('plan.at'))} as at, ${rfc3339(sql.raw('coalesce((select max(created_at) from matching), top_at)'))} as "topAt", ${toText(sql.raw('edge.at'))} as "edgeAt", edge.id::text as "edgeId", way,
      ${rfc3339(sql`now()`)} as "asOf"
    from plan, known, edge`
}

const carried = sql`
    known as materialized (select matches, is_exact from plan),
    edge as materialized (select edge_at as at, edge_id as id from plan)`

/** The page so many rows down, of a new search. */
export const searchPage = inEveryVariant<NumberedPage>('search', (asked, variant) =>
  hitsPage({
    asked,
    variant,
    direction: 'next',
    beyond: sql.raw('true'),
    skip: sql`${asked.skip}::bigint`,
    isPreceded: sql`${asked.skip}::bigint > 0`,
  }),
)

/** The page after a hit, and the one before it. */
export const searchNext = inEveryVariant<SearchPosition>('search_next', (asked, variant) =>
  onFrom(asked, variant, 'next'),
)
export const searchPrev = inEveryVariant<SearchPosition>('search_prev', (asked, variant) =>
  onFrom(asked, variant, 'prev'),
)

const onFrom = (
  asked: Placeholders<SearchPosition>,
  variant: SearchVariant,
  direction: Direction,
) => {
  const [beyond, behind] = direction === 'next' ? ['<', '>='] : ['>', '<=']
  const position = sql`(${asked.key}::bigint, ${asked.id}::bigint)`
  return hitsPage({
    asked,
    variant,
    direction,
    again: asked,
    beyond: sql`(key, id) ${sql.raw(beyond)} ${position}`,
    skip: sql.raw('0'),
    isPreceded: sql`exists (select from ranked where (key, id) ${sql.raw(behind)} ${position})`,
  })
}

/** One statement for each type and sort: `search_posts_by_relevance`. */
function inEveryVariant<Params extends Search>(
  name: string,
  build: (asked: Placeholders<Params>, variant: SearchVariant) => SQL<FoundHits>,
) {
  const variants = searchTypes.flatMap((type) => searchSorts.map((sort) => ({ type, sort })))
  return family<SearchVariant, Params, FoundHits>(
    {
      nameOf: ({ type, sort }) => `${name}_${type}_by_${sort}`,
      optionsOf: () => ({ reads: ['posts', 'users'], isOnly: true }),
      variants: () => variants,
      usual: variants,
    },
    (variant, asked) => build(asked, variant),
  )
}
