import postgres from 'postgres'
import { median, ms, percentile, ratios } from '../figures.ts'
import { inTurn, overHttp } from '../http-load.ts'
import { servers, startContender, startShopboard } from '../processes.ts'
import { atLeast, atMost, failed } from '../report.ts'
import { columns, compare, linesOf, ratesOf } from '../rounds.ts'
import { feedPath, type Page } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

type Route = {
  readonly name: string
  readonly path: string
  /** Its p50 may be so many times that of the feed's first page. */
  readonly times: number
  /** Its p95 may be so many ms. */
  readonly most?: number
}

/** Asks for every list, row, search and figure of people, one client in turn with the first page of the feed. */
export async function measureRoutes(bench: Bench): Promise<void> {
  const { data, report, seconds, rounds } = bench
  const DATABASE_URL = await data.full()
  await using running = servers()
  const shopboard = await running.start(startShopboard(DATABASE_URL, uncached))
  const routes: Route[] = []
  for (const route of await routesOf(DATABASE_URL, shopboard.url)) {
    const response = await fetch(shopboard.url + route.path)
    await response.arrayBuffer()
    if (response.ok) routes.push(route)
    else report.row(failed(route.name, `${route.path} answered ${response.status}`))
  }

  const urls = [feedPath, ...routes.map(({ path }) => path)].map((path) => shopboard.url + path)
  await inTurn(urls, 0.5)
  const took: number[][][] = []
  for (let round = 0; round < rounds; round++) took.push(await inTurn(urls, 4 * seconds))
  const of = (at: number, share: number) => took.map((round) => percentile(round[at] ?? [], share))

  report.table(
    'One client, each route and the first page of the feed in turn, nothing cached',
    ['', 'p50 ms', 'p95 ms'],
    ['first page of the feed', ...routes.map(({ name }) => name)].map((name, at) => [
      name,
      ms(median(of(at, 0.5))),
      ms(median(of(at, 0.95))),
    ]),
  )
  for (const [at, { name, times, most }] of routes.entries()) {
    const label = `${name} ÷ first page of the feed, p50`
    report.row(atMost(label, ratios(of(at + 1, 0.5), of(0, 0.5)), times))
    if (most !== undefined) report.row(atMost(`${name}, p95`, of(at + 1, 0.95), most, 'ms'))
  }
  const twin = await running.start(startContender('twin', { DATABASE_URL }))
  for (const path of [feedPath, '/api/v1/posts', `/api/v1/posts/${Math.floor(data.posts / 2)}`]) {
    const contenders = [
      overHttp('Shopboard', shopboard.url + path, shopboard.pid),
      overHttp('Fastify + pg', twin.url + path, twin.pid),
    ]
    const measured = await compare(contenders, bench, data.postmaster)
    report.table(`GET ${path}, nothing cached`, columns, linesOf(measured))
    const rates = ratios(ratesOf(measured, 'Shopboard'), ratesOf(measured, 'Fastify + pg'))
    report.row(atLeast(`uncached GET ${path} ÷ Fastify + pg`, rates, 1))
  }
}

async function routesOf(databaseUrl: string, server: string): Promise<Route[]> {
  const found = await findIn(databaseUrl)
  const list = (resource: string, query: string, times: number): Route => ({
    name: `${resource}${query && `, ${query}`}`,
    path: `/api/v1/${resource}${query && `?${query}`}`,
    times,
  })
  const search = (name: string, query: string): Route => ({
    ...list('search', query, 30),
    name,
    most: 30,
  })
  const people = (name: string, query: string): Route => ({
    ...list(`dashboard/${name}`, query, 30),
    name: `${name}${query && `, ${query}`}`,
    most: 50,
  })
  const deep = await deepIn(server)
  return [
    list('posts', '', 1.5),
    list('posts', 'sort=commentsCount', 2),
    list('posts', `authorId=${found.author}`, 2),
    list('posts', `page=${deep.page}`, 2),
    list('posts', 'tag=question', 30),
    list('posts', 'tag=photography,question', 30),
    list('posts', 'tag=nosuchtag', 30),
    ...(deep.cursor === undefined ? [] : [list('posts', `cursor=${deep.cursor}`, 1.5)]),
    list(`posts/${found.post}`, '', 1),
    list('comments', '', 1.5),
    list('comments', `postId=${found.post}`, 1.5),
    list(`comments/${found.post}`, '', 1),
    list('users', '', 1.5),
    list('users', 'sort=username', 1.5),
    list('users', 'sort=lastSeenAt', 1.5),
    list('users', 'isActive=false&isAdmin=true', 1.5),
    list('users', `search=${found.username}`, 30),
    list('users', `search=${found.username.slice(0, 3)}`, 30),
    list(`users/${found.author}`, '', 1),
    list('sessions', '', 1.5),
    list('sessions', 'sort=lastSeenAt', 1.5),
    list('sessions', `userId=${found.author}`, 2),
    search(`search for ${found.rare.share} of the posts`, `q=${found.rare.words}`),
    search(`search for ${found.common.share} of the posts`, `q=${found.common.words}`),
    search('search for recent ones', `q=${found.common.words}&sort=recent`),
    search('search for users', `q=${found.username}&type=users`),
    people('retention', 'months=24'),
    people('leaders', 'by=activity'),
    people('leaders', `by=comments&from=${found.weekAgo}`),
    people('leaders', `by=comments&from=${found.yearAgo}`),
  ].map((route) => ({ ...route, name: route.name.replace(/cursor=.*/, 'by cursor, deep') }))
}

/** The posts nine tenths down. */
async function deepIn(server: string): Promise<{ page: number; cursor: string | undefined }> {
  const first = await fetch(`${server}/api/v1/posts`)
  if (!first.ok) return { page: 2, cursor: undefined }
  const { metadata }: Page = await first.json()
  const page = Math.floor((0.9 * metadata.total) / 20)
  const before = await fetch(`${server}/api/v1/posts?page=${page - 1}`)
  const { metadata: there }: Page = await before.json()
  return { page, cursor: there.nextCursor }
}

/** An author and a post in the middle, and words that some 0.1 % and 30 % of the posts have. */
async function findIn(databaseUrl: string) {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql<
      { author: number; post: number; username: string; weekAgo: string; yearAgo: string }[]
    >`
      select users.id::int as author, posts.id::int as post, lower(username) as username,
        (newest - 7)::text as "weekAgo", (newest - 365)::text as "yearAgo"
      from posts join users on users.id = author_id, (select max(created_at)::date as newest from posts) as n
      where posts.id >= (select max(id) / 2 from posts) order by posts.id limit 1`
    const words = await sql<{ words: string; share: number }[]>`
      with sample as (
        select id, title || ' ' || body as text from posts where deleted_at is null order by created_at desc, id desc limit 10000
      ),
      words as materialized (
        select distinct id, word from sample, regexp_split_to_table(lower(text), '[^a-z]+') as word
        where char_length(word) between 5 and 15
      ),
      pairs as (
        select one.word || ' ' || other.word as words, count(*) as n
        from words as one join words as other on other.id = one.id and other.word > one.word
        where one.id % 10 = 0 group by 1
      )
      select words, 10 * n / (select count(*) from sample)::float8 as share from pairs
      union all
      select word, count(*) / (select count(*) from sample)::float8 from words group by word`
    if (!row) throw new Error('There is no post to ask about')
    const nearest = (share: number) => {
      const distance = (word: { share: number }) => Math.abs(Math.log(word.share / share))
      const [best] = words.toSorted((one, other) => distance(one) - distance(other))
      if (!best) throw new Error('There is no word to search for')
      return { words: encodeURIComponent(best.words), share: `${(100 * best.share).toFixed(2)} %` }
    }
    return { ...row, rare: nearest(0.001), common: nearest(0.3) }
  } finally {
    await sql.end()
  }
}
