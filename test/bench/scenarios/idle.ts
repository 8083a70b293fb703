import postgres from 'postgres'
import { grouped, median, ms } from '../figures.ts'
import { alternately } from '../http-load.ts'
import { servers, startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { activeUsersPath, deepPage, feedPath, statsPath } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

/** Two databases take the same writes; in one somebody's idle transaction holds back what vacuum may remove. */
export async function measureIdle(bench: Bench): Promise<void> {
  const { data, report } = bench
  const writes = Math.min(100_000, data.posts)
  await using free = await data.scratch('small')
  await using held = await data.scratch('small')
  await using running = servers()
  const [freely, heldBack] = [
    await running.start(startShopboard(free.url, uncached)),
    await running.start(startShopboard(held.url, uncached)),
  ]
  const idle = postgres(held.url, { max: 1, connection: { application_name: 'idle' } })
  try {
    await idle`begin`
    await idle`select pg_current_xact_id()`
    for (const { url } of [free, held]) await writeAndFold(url, writes)

    const reads = [
      ['statistics', statsPath],
      ['page 1', feedPath],
      ['a jump', `${feedPath}?page=${await deepPage(freely.url)}`],
      ['active users', activeUsersPath],
    ] as const
    const urls = reads.flatMap(([, path]) => [freely.url + path, heldBack.url + path])
    const p50 = await alternately(urls, bench)
    const of = (read: number, isHeld: boolean) => p50[2 * read + Number(isHeld)] ?? []
    report.table(
      `One client, after ${grouped(writes)} writes beside an idle transaction and without it in turn`,
      ['', 'p50 ms', 'with it'],
      reads.map(([what], read) => [
        what,
        ...[false, true].map((isHeld) => ms(median(of(read, isHeld)))),
      ]),
    )
    for (const [read, [what]] of reads.entries()) {
      const without = of(read, false)
      const added = of(read, true).map((took, round) => took - (without[round] ?? Number.NaN))
      report.row(
        atMost(
          `${what}: what an idle transaction adds after ${grouped(writes)} writes, p50`,
          added,
          2,
          'ms',
        ),
      )
    }
  } finally {
    await idle.end({ timeout: 0 })
  }
}

/** Each in a transaction of its own, without a round trip; then all is folded and vacuumed. */
async function writeAndFold(url: string, writes: number): Promise<void> {
  const sql = postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { synchronous_commit: 'off' },
  })
  await sql.unsafe(`
    do $$
    declare
      someone bigint[] := array(select id from users order by id limit 100);
      one bigint;
    begin
      for i in 1..${writes} loop
        one := someone[1 + i % cardinality(someone)];
        insert into comments (post_id, author_id, body) values (1 + i % 10, one, 'A comment');
        commit;
      end loop;
    end $$`)
  while ((await sql`select from rollup.pending limit 1`).length > 0) await sql`select rollup.fold()`
  await sql`vacuum analyze`
  await sql.end()
}
