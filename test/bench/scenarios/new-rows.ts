import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { compile } from '../../../src/db/statement.ts'
import { commentChanges } from '../../../src/features/comments/changes.ts'
import { ratios } from '../figures.ts'
import { clients } from '../http-load.ts'
import { overPgbench, pgbench, scriptOf } from '../pgbench.ts'
import { output, servers, startContender, startShopboard } from '../processes.ts'
import { atLeast } from '../report.ts'
import { type Contender, columns, compare, linesOf, ratesOf } from '../rounds.ts'
import type { Bench } from './scenario.ts'

const load = fileURLToPath(new URL('../post-load.js', import.meta.url))
const path = '/api/v1/comments'
const inBulk = 10_000
/** Of bulk requests: one is parsed while the rows of the other are written. */
const bulkClients = 2

type Posts = {
  readonly url: string
  readonly pid: number
  readonly clients?: number
  readonly items?: number
}

/** New comments through HTTP, one by one beside the twin and pgbench, and in bulk: with their audit rows and stored answers. */
export async function measureNewRows(bench: Bench): Promise<void> {
  const { data, report } = bench
  await using target = await data.scratch('small')
  await using running = servers()
  const shopboard = await running.start(startShopboard(target.url))
  const twin = await running.start(startContender('twin', { DATABASE_URL: target.url }))
  const known = await knownIn(target.url)
  const posting = (name: string, posts: Posts) => overPosts(name, posts, known)

  const singles = await compare(
    [
      posting('Shopboard', { url: shopboard.url + path, pid: shopboard.pid }),
      posting('Fastify + pg', { url: twin.url + path, pid: twin.pid }),
      ...(pgbench ? [itsSql(target.url, known)] : []),
    ],
    bench,
    data.postmaster,
  )
  report.table('New comments, one to a request', columns, linesOf(singles))
  const rates = (name: string) => ratesOf(singles, name)
  report.row(
    atLeast('new comments ÷ Fastify + pg', ratios(rates('Shopboard'), rates('Fastify + pg')), 0.9),
  )

  const bulk = { url: `${shopboard.url}${path}/bulk`, pid: shopboard.pid }
  const many = posting('Shopboard', { ...bulk, clients: bulkClients, items: inBulk })
  const measured = await compare([many], bench, data.postmaster)
  report.table(`New comments, ${inBulk} to a request`, columns, linesOf(measured))
  const rows = ratesOf(measured, 'Shopboard').map((rate) => rate * inBulk)
  report.row(atLeast(`new comments, ${inBulk} to a request`, rows, 20_000, 'rows/s'))
}

type Known = { readonly posts: number; readonly users: number }

async function knownIn(databaseUrl: string): Promise<Known> {
  const sql = postgres(databaseUrl, { max: 1 })
  const [known] = await sql<Known[]>`
    select (select max(id)::int from posts) as posts, (select max(id)::int from users) as users`
  await sql.end()
  if (!known) throw new Error('There is nobody to write')
  return known
}

/** @throws when an answer is not 2xx */
const overPosts = (
  name: string,
  { url, pid, clients: most = clients, items }: Posts,
  { posts, users }: Known,
): Contender => ({
  name,
  pid,
  async run(seconds) {
    const args = [url, seconds, most, posts, users, ...(items ? [items] : [])].map(String)
    const said = JSON.parse(await output(process.execPath, [load, ...args]))
    if (said.non2xx + said.errors > 0)
      throw new Error(`${url}: ${said.non2xx + said.errors} failures`)
    return {
      perSecond: said['2xx'] / said.duration,
      p50: said.latency.p50,
      p99: said.latency.p99,
    }
  },
})

/** What Shopboard asks of PostgreSQL for one, without the stored answer. */
function itsSql(databaseUrl: string, { posts, users }: Known): Contender {
  const { text, bind } = compile(commentChanges.create)
  const origin = { actor: 'anyone', requestId: 'pgbench', address: '127.0.0.1' }
  const [, ...values] = bind({ row: '', ...origin })
  const row = `'{"postId":' || :post || ',"authorId":' || :author || ',"body":"A comment"}'`
  const numbered = scriptOf(text).replace(/:p1\b/g, `(${row})`)
  const script = `\\set post random(1, ${posts})\n\\set author random(1, ${users})\n${numbered}`
  return overPgbench('its SQL by pgbench', databaseUrl, { script, values: ['given', ...values] })
}
