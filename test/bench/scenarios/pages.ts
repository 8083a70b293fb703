import { type Compiled, compile } from '../../../src/db/statement.ts'
import { boundsOf } from '../../../src/features/activity/position.ts'
import {
  activityBefore,
  activityPage,
  activityTop,
  usualKinds,
} from '../../../src/features/activity/queries.ts'
import { dashboardStats } from '../../../src/features/stats/queries.ts'
import { rows, usual } from '../contenders/hand-written.ts'
import { grouped, ratios } from '../figures.ts'
import { overHttp, slowly } from '../http-load.ts'
import { overPgbench, pgbench, scriptOf } from '../pgbench.ts'
import { type Running, servers, startContender, startShopboard } from '../processes.ts'
import { atLeast } from '../report.ts'
import { type Contender, columns, compare, linesOf, ratesOf } from '../rounds.ts'
import { cursorForTwin, cursorTo, deepPage, feedPath, lastOf, pageSize, statsPath } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

type Case = {
  readonly title: string
  /** What the naive server can do of it. */
  readonly naivePath: string
  readonly contenders: readonly Contender[]
  /** The contender that has plain rows is there, too. */
  readonly isPage: boolean
}

const shape = { kinds: usualKinds, ofAuthor: false, isBounded: false }
const newestComments = { ...shape, kinds: ['comment'] as const }
const everything = { authorId: null, after: '-infinity', before: 'infinity', size: pageSize }

/** Side by side: the rate, p50, p99 and CPU of every contender for each kind of page. */
export async function measurePages(bench: Bench): Promise<void> {
  const { data, report } = bench
  const DATABASE_URL = await data.full()
  const bare = await data.naive()
  await using running = servers()
  const shopboard = await running.start(startShopboard(DATABASE_URL, uncached))
  const twin = await running.start(startContender('twin', { DATABASE_URL }))
  const json = await running.start(startContender('twin', { DATABASE_URL, TWIN: 'json' }))
  const naive = await running.start(startContender('naive', { DATABASE_URL: bare }))
  if (!pgbench) report.say('pgbench is not installed: nothing to compare its SQL with')
  for (const each of await casesOf({ url: DATABASE_URL, shopboard, twin, json }))
    await measure(bench, each, naive.url)
}

type Contenders = Record<'shopboard' | 'twin' | 'json', Running> & { readonly url: string }

async function casesOf({ url, shopboard, twin, json }: Contenders): Promise<Case[]> {
  const page = await deepPage(shopboard.url)
  const last = await lastOf(shopboard.url, page)
  const cursor = `?cursor=${await cursorTo(shopboard.url, page)}`
  const itsCursor = `?cursor=${await cursorForTwin(shopboard.url, page)}`

  const both = (path: string, twinPath = path): Contender[] => [
    overHttp('Shopboard', shopboard.url + path, shopboard.pid),
    overHttp('Fastify + pg', twin.url + twinPath, twin.pid),
  ]
  const all = (query: string, twinQuery = query): Contender[] => [
    ...both(feedPath + query, feedPath + twinQuery),
    overHttp('without transaction, JSON by PostgreSQL', json.url + feedPath + twinQuery, json.pid),
  ]
  const inSql = (name: string, text: string, values: readonly unknown[]): Contender[] =>
    pgbench ? [overPgbench(name, url, { script: scriptOf(text), values })] : []
  const statement = ({ text, bind }: Compiled, values: Record<string, unknown>) =>
    inSql('its SQL', text, bind(values))
  const plain = (kinds: readonly number[], values: readonly unknown[]) =>
    inSql('plain rows', rows(kinds), values)
  const deep = `Page ${grouped(page)}`

  return [
    {
      title: 'Statistics',
      naivePath: statsPath,
      isPage: false,
      contenders: [...both(statsPath), ...statement(compile(dashboardStats), { days: 7 })],
    },
    {
      title: 'First page of the feed',
      naivePath: feedPath,
      isPage: true,
      contenders: [
        ...all(''),
        ...statement(compile(activityTop(shape)), everything),
        ...plain(usual, ['infinity', 0, 0, 0]),
      ],
    },
    {
      title: `${deep} by cursor`,
      naivePath: `${feedPath}?page=${page}`,
      isPage: true,
      contenders: [
        ...all(cursor, itsCursor),
        ...statement(compile(activityBefore(shape)), { ...everything, ...boundsOf(last) }),
        ...plain(usual, [last[0], 0, 0, 0]),
      ],
    },
    {
      title: 'Newest comments',
      naivePath: feedPath,
      isPage: true,
      contenders: [
        ...all('?kind=comment'),
        ...statement(compile(activityTop(newestComments)), everything),
        ...plain([1], ['infinity', 0]),
      ],
    },
    {
      title: `${deep} by number`,
      naivePath: `${feedPath}?page=${page}`,
      isPage: false,
      contenders: [
        ...both(`${feedPath}?page=${page}`),
        ...statement(compile(activityPage(shape)), { ...everything, skip: (page - 1) * pageSize }),
      ],
    },
  ]
}

async function measure(
  bench: Bench,
  { title, naivePath, contenders, isPage }: Case,
  naive: string,
) {
  const { data, report } = bench
  const measured = await compare(contenders, bench, data.postmaster)
  const slow = new Map([['naive (one client)', [await slowly(naive + naivePath)]]])
  report.table(
    `${title}, nothing cached`,
    columns,
    [measured, slow].flatMap((each) => linesOf(each)),
  )
  if (!isPage) return
  const what = `uncached ${title.toLowerCase()}`
  const row = (label: string, one: string, other: string, limit: number) =>
    report.row(atLeast(label, ratios(ratesOf(measured, one), ratesOf(measured, other)), limit))
  row(`${what} ÷ Fastify + pg`, 'Shopboard', 'Fastify + pg', 1)
  if (!pgbench) return
  row(`${what} ÷ its SQL by pgbench`, 'Shopboard', 'its SQL', 0.45)
  row(`${what}: its SQL ÷ plain rows, by pgbench`, 'its SQL', 'plain rows', 0.8)
}
