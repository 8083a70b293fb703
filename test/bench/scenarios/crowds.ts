import postgres from 'postgres'
import { grouped, median, ms, ratios } from '../figures.ts'
import { alternately } from '../http-load.ts'
import { servers, startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { ask, feedPath, pageSize } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

/** Where a crowd begins, and µs from one of its comments to the next. */
const crowds = (rows: number) => [
  { where: 'a quarter-hour', at: '2025-06-01T12:00:00Z', step: 890e6 / rows },
  { where: 'one instant', at: '2025-09-01T12:00:00Z', step: 0 },
]

/** Jumps and bounds into the middle of crowds, and page 1, in turn. */
export async function measureCrowds(bench: Bench): Promise<void> {
  const { data, report } = bench
  const rows = Math.ceil(data.posts / 2)
  await using target = await data.scratch('small')
  await crowd(target.url, rows)
  await using running = servers()
  const { url } = await running.start(startShopboard(target.url, uncached))
  const feed = url + feedPath

  const places = await Promise.all(
    crowds(rows).map(async ({ where, at, step }) => {
      const { metadata } = await ask(`${feed}?after=${microseconds(at, 900e6)}`)
      const page = Math.floor((metadata.total + rows / 2) / pageSize) + 1
      const middle = microseconds(at, Math.round((step * rows) / 2) + 1)
      return [
        { what: `a jump into ${where}`, url: `${feed}?page=${page}` },
        { what: `a bound in ${where}`, url: `${feed}?before=${middle}` },
        {
          what: `a bound and a jump in ${where}`,
          url: `${feed}?before=${middle}&page=${Math.ceil(page / 2)}`,
        },
      ]
    }),
  )
  const asked = places.flat()
  const [first = [], ...took] = await alternately([feed, ...asked.map((each) => each.url)], bench)
  report.table(
    `One client, crowds of ${grouped(rows)} comments and page 1 in turn`,
    ['', 'p50 ms'],
    [
      ['page 1', first] as const,
      ...asked.map(({ what }, at) => [what, took[at] ?? []] as const),
    ].map(([what, p50]) => [what, ms(median(p50))]),
  )
  for (const [at, { what }] of asked.entries())
    report.row(
      atMost(`${what} of ${grouped(rows)} rows ÷ page 1, p50`, ratios(took[at] ?? [], first), 3),
    )
}

async function crowd(url: string, rows: number): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  for (const { at, step } of crowds(rows)) {
    await sql`
      insert into comments (post_id, author_id, body, created_at)
      select p.id, p.author_id, 'Me too', ${at}::timestamptz + (i * ${step}::float8) * interval '1 microsecond'
      from generate_series(0, ${rows - 1}::int) as i, lateral (select id, author_id from posts where id = 1 + i % 50) as p`
  }
  await sql`select rollup.fold()`
  await sql`vacuum analyze`
  await sql.end()
}

/** So many microseconds after an instant of whole seconds. */
const microseconds = (at: string, after: number): string => {
  const seconds = new Date(Date.parse(at) + 1000 * Math.floor(after / 1e6)).toISOString()
  return `${seconds.slice(0, 19)}.${String(after % 1e6).padStart(6, '0')}Z`
}
