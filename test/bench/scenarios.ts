import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { compile } from '../../src/db/statement.ts'
import { boundsOf, type Position } from '../../src/features/activity/position.ts'
import {
  activityBefore,
  activityPage,
  activityTop,
  usualKinds,
} from '../../src/features/activity/queries.ts'
import { dashboardStats } from '../../src/features/stats/queries.ts'
import { startProxy } from '../support/proxy.ts'
import { kinds, twinCursor } from './contender.ts'
import type { BenchData } from './data.ts'
import { exportCsv, peakOf } from './files.ts'
import { rows, usual } from './hand-written.ts'
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

  const json = await running.start(
    startContender('twin', { DATABASE_URL: data.full, TWIN: 'json' }),
  )
  const [top, one] = [usualKinds, ['comment'] as const].map((kinds) => ({ ...shape, kinds }))
  if (!top || !one) return
  const cursor = await cursorTo(shopboard.url, page)
  const itsCursor = await cursorForTwin(shopboard.url, page)
  const last = await lastOf(shopboard.url, page)

  const everyone = (path: string, twinPath = path): Contender[] => [
    overHttp('Shopboard', shopboard.url + path, shopboard.pid),
    overHttp('Fastify + pg', twin.url + twinPath, twin.pid),
    overHttp('without transaction, JSON by PostgreSQL', json.url + twinPath, json.pid),
  ]
  const inSql = (statement: ReturnType<typeof compile>, values: Record<string, unknown>) =>
    pgbench
      ? [overPgbench('its SQL', data.full, scriptOf(statement.text), statement.bind(values))]
      : []
  const asRows = (kinds: readonly number[], values: readonly unknown[]) =>
    pgbench ? [overPgbench('plain rows', data.full, scriptOf(rows(kinds)), values)] : []

  const cases: { title: string; naivePath: string; contenders: Contender[]; isPage: boolean }[] = [
    {
      title: 'Statistics',
      naivePath: statsPath,
      isPage: false,
      contenders: [
        ...everyone(statsPath).slice(0, 2),
        ...inSql(compile(dashboardStats), { days: 7 }),
      ],
    },
    {
      title: 'First page of the feed',
      naivePath: feedPath,
      isPage: true,
      contenders: [
        ...everyone(feedPath),
        ...inSql(compile(activityTop(top)), everything),
        ...asRows(usual, ['infinity', 0, 0, 0]),
      ],
    },
    {
      title: `Page ${grouped(page)} by cursor`,
      naivePath: `${feedPath}?page=${page}`,
      isPage: true,
      contenders: [
        ...everyone(`${feedPath}?cursor=${cursor}`, `${feedPath}?cursor=${itsCursor}`),
        ...inSql(compile(activityBefore(top)), { ...everything, ...boundsOf(last) }),
        ...asRows(usual, [last[0], 0, 0, 0]),
      ],
    },
    {
      title: 'Newest comments',
      naivePath: feedPath,
      isPage: true,
      contenders: [
        ...everyone(`${feedPath}?kind=comment`),
        ...inSql(compile(activityTop(one)), everything),
        ...asRows([1], ['infinity', 0]),
      ],
    },
    {
      title: `Page ${grouped(page)} by number`,
      naivePath: `${feedPath}?page=${page}`,
      isPage: false,
      contenders: [
        ...everyone(`${feedPath}?page=${page}`).slice(0, 2),
        ...inSql(compile(activityPage(top)), { ...everything, skip: (page - 1) * pageSize }),
      ],
    },
  ]

  if (!pgbench) report.say('pgbench is not installed: nothing to compare its SQL with')
  for (const { title, naivePath, contenders, isPage } of cases) {
    const measured = await compare(contenders, seconds, data.postmaster)
    measured.set('naive (one client)', await slowly(naive.url + naivePath))
    report.table(`${title}, nothing cached`, columns, linesOf(measured))
    if (!isPage) continue
    const rate = (name: string) => measured.get(name)?.perSecond ?? Number.NaN
    const what = `uncached ${title.toLowerCase()}`
    report.row(ratioRow(`${what} ÷ Fastify + pg`, rate('Shopboard') / rate('Fastify + pg'), 1))
    if (!pgbench) continue
    report.row(ratioRow(`${what} ÷ its SQL by pgbench`, rate('Shopboard') / rate('its SQL'), 0.45))
    report.row(ratioRow(`${what}: its SQL ÷ plain rows`, rate('its SQL') / rate('plain rows'), 0.8))
  }
}

const columns = ['', 'req/s', 'p50 ms', 'p99 ms', 'ms CPU server', 'PostgreSQL']

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
  report.row(atMost(`page ${grouped(page)} by cursor ÷ page 1, p50`, byCursor / first, 1.1))
  report.row(atMost(`page ${grouped(page)} by number ÷ page 1, p50`, byNumber / first, 1.2))
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
  report.row(atMost('statistics at 10 × the rows ÷ at 1 ×, p50', much / little, 1.2))
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
      [
        overHttp('Shopboard', shopboard.url + path, shopboard.pid),
        overHttp('bare Hono', bare.url, bare.pid),
      ],
      seconds,
    )
    report.table(`Cached: ${what}`, columns, linesOf(measured))
    const rate = (name: string) => measured.get(name)?.perSecond ?? Number.NaN
    report.row(
      ratioRow(`cached ${what} ÷ bare Hono c.json`, rate('Shopboard') / rate('bare Hono'), 0.9),
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
      wanted: '≤ 1 round trip + 8 ms',
      measured: `${ms(took)} ms`,
      isReached: took <= roundTrip + 8,
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
      wanted: '≥ 35,000 rows/s',
      measured: rate,
      isReached: perSecond >= 35_000,
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
      report.table(`Single inserts into ${table}`, columns.with(1, 'rows/s'), linesOf(measured))
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
    wanted: '≤ 0.8 s',
    measured: `${seconds.toFixed(2)} s`,
    isReached: seconds <= 0.8,
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
  const [at, kind, id] = await lastOf(shopboard, page)
  return twinCursor(at, Number(kind), Number(id))
}

/** The position before a numbered page. */
async function lastOf(shopboard: string, page: number): Promise<Position> {
  const last = (await ask(`${shopboard}${feedPath}?page=${page - 1}`)).items.at(-1)
  if (!last) throw new Error('The page before a deep page is never empty')
  return [last.createdAt, String(kinds.indexOf(last.kind)), String(last.id)]
}

const linesOf = (measured: ReadonlyMap<string, Measured>) =>
  [...measured].map(([name, { perSecond, p50, p99, cpu }]) => [
    name,
    perSecond < 10 ? perSecond.toFixed(2) : grouped(Math.round(perSecond)),
    ms(p50),
    ms(p99),
    cpu ? ms(cpu.server) : '',
    cpu ? ms(cpu.postgres) : '',
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
