import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { compile } from '../../src/db/statement.ts'
import { activityPage, activityTop, usualKinds } from '../../src/features/activity/queries.ts'
import { dashboardStats } from '../../src/features/stats/queries.ts'
import { startProxy } from '../support/proxy.ts'
import { kinds, twinCursor } from './contender.ts'
import type { BenchData } from './data.ts'
import { exportCsv, peakOf } from './files.ts'
import {
  alternately,
  type Contender,
  compare,
  type Measured,
  median,
  overHttp,
  overPgbench,
  pgbench,
  scriptOf,
  slowly,
  timed,
} from './load.ts'
import { type Running, startContender, startShopboard } from './processes.ts'

export type Row = {
  readonly what: string
  readonly wanted: string
  readonly measured: string
  readonly isReached: boolean
}
export type Report = {
  readonly say: (line: string) => void
  readonly table: (
    title: string,
    columns: readonly string[],
    lines: readonly (readonly string[])[],
  ) => void
  readonly row: (row: Row) => void
}
type Scenario = (data: BenchData, seconds: number, report: Report) => Promise<void>

export const scenarios: Record<string, Scenario> = {
  pages: measurePages,
  depth: measureDepth,
  growth: measureGrowth,
  cached: measureCached,
  network: measureNetwork,
  import: measureImportCommand,
  writes: measureWrites,
  start: measureStart,
}

const statsPath = '/api/v1/dashboard/stats'
const feedPath = '/api/v1/activity'
const pageSize = 20
const uncached = { CACHE: 'off' }

const shape = { kinds: usualKinds, ofAuthor: false, isBounded: false }
const everything = {
  authorId: null,
  after: '-infinity',
  before: 'infinity',
  size: pageSize,
}

/** Side by side: req/s, p50 and p99 of every contender for each kind of page. */
async function measurePages(data: BenchData, seconds: number, report: Report) {
  await using running = servers()
  const shopboard = await running.start(startShopboard(data.full, uncached))
  const twin = await running.start(startContender('twin', { DATABASE_URL: data.full }))
  const naive = await running.start(startContender('naive', { DATABASE_URL: data.naive }))
  const page = await deepPage(shopboard.url)

  const inSql = (
    name: string,
    values: Record<string, unknown>,
    statement: ReturnType<typeof compile>,
  ) =>
    pgbench ? [overPgbench(name, data.full, scriptOf(statement.text), statement.bind(values))] : []

  const cases: { title: string; naivePath: string; contenders: Contender[] }[] = [
    {
      title: 'Statistics',
      naivePath: statsPath,
      contenders: [
        overHttp('Shopboard', shopboard.url + statsPath),
        overHttp('Fastify + pg', twin.url + statsPath),
        ...inSql('pgbench', { days: 7 }, compile(dashboardStats)),
      ],
    },
    {
      title: 'First page of the feed',
      naivePath: feedPath,
      contenders: [
        overHttp('Shopboard', shopboard.url + feedPath),
        overHttp('Fastify + pg', twin.url + feedPath),
        ...inSql('pgbench', everything, compile(activityTop(shape))),
      ],
    },
    {
      title: `Page ${grouped(page)} by cursor`,
      naivePath: `${feedPath}?page=${page}`,
      contenders: [
        overHttp(
          'Shopboard',
          `${shopboard.url}${feedPath}?cursor=${await cursorTo(shopboard.url, page)}`,
        ),
        overHttp(
          'Fastify + pg',
          `${twin.url}${feedPath}?cursor=${await cursorForTwin(shopboard.url, page)}`,
        ),
      ],
    },
    {
      title: `Page ${grouped(page)} by number`,
      naivePath: `${feedPath}?page=${page}`,
      contenders: [
        overHttp('Shopboard', `${shopboard.url}${feedPath}?page=${page}`),
        overHttp('Fastify + pg', `${twin.url}${feedPath}?page=${page}`),
        ...inSql(
          'pgbench',
          { ...everything, skip: (page - 1) * pageSize },
          compile(activityPage(shape)),
        ),
      ],
    },
  ]

  for (const { title, naivePath, contenders } of cases) {
    const measured = await compare(contenders, seconds)
    measured.set('naive (one client)', await slowly(naive.url + naivePath))
    report.table(`${title}, nothing cached`, ['', 'req/s', 'p50 ms', 'p99 ms'], linesOf(measured))
    if (title !== 'First page of the feed') continue
    const rate = (name: string) => measured.get(name)?.perSecond ?? Number.NaN
    if (pgbench)
      report.row(
        ratioRow('uncached first page ÷ pgbench', rate('Shopboard') / rate('pgbench'), 0.45),
      )
    else report.say('pgbench is not installed: nothing to compare its SQL with')
    report.row(
      ratioRow('uncached first page ÷ Fastify + pg', rate('Shopboard') / rate('Fastify + pg'), 1),
    )
  }
}

/** One client asks for page 1 and for deep pages in turn. */
async function measureDepth(data: BenchData, seconds: number, report: Report) {
  await using running = servers()
  const { url } = await running.start(startShopboard(data.full, uncached))
  const page = await deepPage(url)
  const [first = 0, byCursor = 0, byNumber = 0] = await alternately(
    [
      url + feedPath,
      `${url}${feedPath}?cursor=${await cursorTo(url, page)}`,
      `${url}${feedPath}?page=${page}`,
    ],
    seconds * 100,
  )
  report.table(
    `One client, page 1 and page ${grouped(page)} in turn`,
    ['', 'p50 ms'],
    [
      ['page 1', ms(first)],
      ['by cursor', ms(byCursor)],
      ['by number', ms(byNumber)],
    ],
  )
  report.row(atMost(`page ${grouped(page)} by cursor ÷ page 1, p50`, byCursor / first, 1.3))
  report.row(atMost(`page ${grouped(page)} by number ÷ page 1, p50`, byNumber / first, 1.3))
}

async function measureGrowth(data: BenchData, seconds: number, report: Report) {
  await using running = servers()
  const small = await running.start(startShopboard(data.small, uncached))
  const full = await running.start(startShopboard(data.full, uncached))
  const [little = 0, much = 0] = await alternately(
    [small.url + statsPath, full.url + statsPath],
    seconds * 100,
  )
  report.table(
    'One client, statistics over a tenth of the rows and over all in turn',
    ['', 'p50 ms'],
    [
      ['a tenth', ms(little)],
      ['all', ms(much)],
    ],
  )
  report.row(atMost('statistics at 10 × the rows ÷ at 1 ×, p50', much / little, 1.3))
}

/** Against a server that does nothing but send the same JSON. */
async function measureCached(data: BenchData, seconds: number, report: Report) {
  await using running = servers()
  const shopboard = await running.start(startShopboard(data.full, { CACHE_THRESHOLD: '0' }))
  for (const [what, path] of [
    ['statistics', statsPath],
    ['first page', feedPath],
  ] as const) {
    const body = await (await fetch(shopboard.url + path)).text()
    const bare = await running.start(startContender('bare', { BODY: body }))
    const measured = await compare(
      [overHttp('Shopboard', shopboard.url + path), overHttp('bare Hono', bare.url)],
      seconds,
    )
    report.table(`Cached: ${what}`, ['', 'req/s', 'p50 ms', 'p99 ms'], linesOf(measured))
    const rate = (name: string) => measured.get(name)?.perSecond ?? Number.NaN
    report.row(
      ratioRow(`cached ${what} ÷ bare Hono c.json`, rate('Shopboard') / rate('bare Hono'), 0.75),
    )
  }
}

async function measureNetwork(data: BenchData, _: number, report: Report) {
  const roundTrip = 20
  const proxy = await startProxy(data.full)
  proxy.delay = roundTrip
  try {
    await using running = servers()
    const { url } = await running.start(startShopboard(proxy.url, uncached))
    const [took = 0] = await alternately([url + feedPath], 50)
    report.row({
      what: 'a plain read, 20 ms per round trip, p50',
      wanted: '≤ 1 round trip + 15 ms',
      measured: `${ms(took)} ms`,
      isReached: took <= roundTrip + 15,
    })
  } finally {
    await proxy.close()
  }
}

/** The command itself, over files of a tenth of the rows, into an empty database with all triggers and indexes. */
async function measureImportCommand(data: BenchData, _: number, report: Report) {
  const url = await data.scratch('import_target', 'empty')
  const folder = await mkdtemp(join(tmpdir(), 'shopboard-bench-import-'))
  try {
    const rows = await exportCsv(data.full, folder)
    const begun = performance.now()
    const peak = await peakOf(['--max-semi-space-size=4', 'src/cli.ts', 'import', folder], {
      DATABASE_URL: url,
    })
    const perSecond = rows / ((performance.now() - begun) / 1000)
    const rate = `${grouped(Math.round(perSecond))} rows/s`
    report.row({
      what: `import of ${grouped(rows)} rows`,
      wanted: '≥ 25,000 rows/s',
      measured: rate,
      isReached: perSecond >= 25_000,
    })
    report.row({
      what: 'memory of the import',
      wanted: '≤ 300 MB',
      measured: `${Math.round(peak)} MB`,
      isReached: peak <= 300,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Single rows by 16 clients with the rollup triggers on and off in turns, while a server folds. */
async function measureWrites(data: BenchData, seconds: number, report: Report) {
  if (!pgbench)
    return report.say('pgbench is not installed: what writes lose to the triggers is not measured')
  const url = await data.scratch('write_target', 'small')
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await using running = servers()
    await running.start(startShopboard(url))
    const [last] = await sql<{ users: number; posts: number }[]>`
      select (select max(id) from users)::integer as users, (select max(id) from posts)::integer as posts`
    const scripts = {
      posts: `\\set author random(1, ${last?.users})\ninsert into posts (author_id, title, body) values (:author, 'A title', 'A body');\n`,
      comments: `\\set author random(1, ${last?.users})\n\\set post random(1, ${last?.posts})\ninsert into comments (post_id, author_id, body) values (:post, :author, 'A comment');\n`,
    }
    for (const [table, script] of Object.entries(scripts)) {
      const inserts = (name: string, state: 'enable' | 'disable'): Contender => ({
        name,
        async run(length) {
          await sql.unsafe(`alter table ${table} ${state} trigger rollup_insert`)
          return overPgbench(name, url, script).run(length)
        },
      })
      const measured = await compare(
        [inserts('with triggers', 'enable'), inserts('without', 'disable')],
        seconds,
      )
      report.table(
        `Single inserts into ${table}`,
        ['', 'rows/s', 'p50 ms', 'p99 ms'],
        linesOf(measured),
      )
      const rate = (name: string) => measured.get(name)?.perSecond ?? Number.NaN
      const loss = 100 * (1 - rate('with triggers') / rate('without'))
      report.row({
        what: `writes lost to rollup triggers, ${table}`,
        wanted: '≤ 5 %',
        measured: `${loss.toFixed(1)} %`,
        isReached: loss <= 5,
      })
    }
  } finally {
    await sql.end()
  }
}

async function measureStart(data: BenchData, _: number, report: Report) {
  const took: number[] = []
  for (let round = 0; round < 4; round++) {
    const begun = performance.now()
    const server = await startShopboard(data.full)
    await timed(server.url + statsPath)
    if (round > 0) took.push(performance.now() - begun)
    await server.stop()
  }
  const seconds = median(took) / 1000
  report.row({
    what: 'start on an existing database to the first statistics',
    wanted: '≤ 1.5 s',
    measured: `${seconds.toFixed(2)} s`,
    isReached: seconds <= 1.5,
  })
}

/** Stops what was started when the block that uses it ends. */
function servers() {
  const started: Running[] = []
  return {
    async start(starting: Promise<Running>) {
      const running = await starting
      started.push(running)
      return running
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((running) => running.stop()))
    },
  }
}

type Page = {
  items: { kind: string; id: number; createdAt: string }[]
  metadata: { total: number; nextCursor: string }
}

async function ask(url: string): Promise<Page> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response.json()
}

/** The page a million rows down, or nine tenths down a shorter feed. */
async function deepPage(url: string): Promise<number> {
  const { metadata } = await ask(url + feedPath)
  return Math.floor(Math.min(1_000_000, 0.9 * metadata.total) / pageSize) + 1
}

/** Shopboard's cursor to a numbered page. */
const cursorTo = async (url: string, page: number): Promise<string> =>
  (await ask(`${url}${feedPath}?page=${page - 1}`)).metadata.nextCursor

/** The twin's cursor to the same page. */
async function cursorForTwin(shopboard: string, page: number): Promise<string> {
  const last = (await ask(`${shopboard}${feedPath}?page=${page - 1}`)).items.at(-1)
  if (!last) throw new Error('The page before a deep page is never empty')
  return twinCursor(last.createdAt, kinds.indexOf(last.kind), last.id)
}

const linesOf = (measured: ReadonlyMap<string, Measured>) =>
  [...measured].map(([name, { perSecond, p50, p99 }]) => [
    name,
    perSecond < 10 ? perSecond.toFixed(2) : grouped(Math.round(perSecond)),
    ms(p50),
    ms(p99),
  ])

const ratioRow = (what: string, ratio: number, wanted: number): Row => ({
  what,
  wanted: `≥ ${wanted} ×`,
  measured: `${ratio.toFixed(2)} ×`,
  isReached: ratio >= wanted,
})

const atMost = (what: string, ratio: number, wanted: number): Row => ({
  what,
  wanted: `≤ ${wanted} ×`,
  measured: `${ratio.toFixed(2)} ×`,
  isReached: ratio <= wanted,
})

const ms = (value: number) => (value < 100 ? value.toFixed(2) : String(Math.round(value)))
const grouped = (value: number) => value.toLocaleString('en-US')
