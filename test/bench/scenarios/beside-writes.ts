import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { grouped, median, ms, percentile, ratios } from '../figures.ts'
import { inTurn } from '../http-load.ts'
import { needPgbench, overPgbench } from '../pgbench.ts'
import { servers, startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { activeUsersPath, deepPage, feedPath, statsPath } from './feed.ts'
import { insertsInto } from './inserts.ts'
import { type Bench, uncached } from './scenario.ts'

const rate = 1_000
const p95 = (took: readonly number[]) => percentile(took, 0.95)

/** One client reads in quiet rounds and in rounds of writes, in turns. */
export async function measureBesideWrites(bench: Bench): Promise<void> {
  needPgbench()
  const { data, report, seconds, rounds } = bench
  await using target = await data.scratch('full')
  await using running = servers()
  const { url } = await running.start(startShopboard(target.url, uncached))
  const reads = [
    ['statistics', statsPath],
    ['page 1', feedPath],
    ['a jump', `${feedPath}?page=${await deepPage(url)}`],
    ['active users', activeUsersPath],
  ] as const
  const urls = reads.map(([, path]) => url + path)
  const { comments: script } = await insertsInto(target.url)
  const writer = overPgbench('writes', target.url, { script, rate })
  await Promise.all([writer.run(1), inTurn(urls, 1)])

  const [quiet, busy, reached]: [number[][][], number[][][], number[]] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    await nothingPending(target.url)
    quiet.push(await inTurn(urls, seconds))
    const [{ perSecond }, took] = await Promise.all([
      writer.run(seconds + 1),
      pause(1000).then(() => inTurn(urls, seconds)),
    ])
    busy.push(took)
    reached.push(perSecond)
  }
  const of = (all: number[][][], read: number, figure: (took: readonly number[]) => number) =>
    all.map((round) => figure(round[read] ?? []))
  const writes = `${grouped(median(reached))} writes/s`
  report.table(
    `One client, quiet and beside ${writes} (${grouped(rate)} asked for) in turn`,
    ['', 'p50 ms', 'p95 ms', 'busy p50', 'busy p95'],
    reads.map(([what], read) => [
      what,
      ...[quiet, busy].flatMap((all) =>
        [median, p95].map((figure) => ms(median(of(all, read, figure)))),
      ),
    ]),
  )
  for (const [read, [what]] of reads.entries()) {
    const times = (figure: typeof median) => ratios(of(busy, read, figure), of(quiet, read, figure))
    report.row(atMost(`${what} beside ${writes} ÷ quiet, p50`, times(median), 3))
    report.row(atMost(`${what} beside ${writes} ÷ quiet, p95`, times(p95), 5))
  }
}

/** Waits for the fold. */
async function nothingPending(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1 })
  const isPending = async () => (await sql`select from rollup.pending limit 1`).length > 0
  while (await isPending()) await pause(100)
  await sql.end()
}
