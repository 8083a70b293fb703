import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { grouped, median, ratios } from '../figures.ts'
import { needPgbench, overPgbench } from '../pgbench.ts'
import { servers, startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { insertsInto } from './inserts.ts'
import type { Bench } from './scenario.ts'

const rate = 5_000
/** Deltas that may wait by design: fewer are no backlog. */
const allowed = 300

/** What is pending towards the end of a round of writes, beside what was pending in its middle. */
export async function measureFold({ data, report, seconds, rounds }: Bench): Promise<void> {
  needPgbench()
  await using target = await data.scratch('small')
  await using running = servers()
  await running.start(startShopboard(target.url))
  const sql = postgres(target.url, { max: 1 })
  const { comments: script } = await insertsInto(target.url)
  const [middle, end, reached]: [number[], number[], number[]] = [[], [], []]

  async function watch(milliseconds: number): Promise<number[]> {
    const pending: number[] = []
    const until = performance.now() + milliseconds
    while (performance.now() < until) {
      const [row] = await sql<{ n: number }[]>`select count(*)::integer as n from rollup.pending`
      pending.push(row?.n ?? 0)
      await pause(50)
    }
    return pending
  }
  try {
    for (let round = 0; round < rounds; round++) {
      const length = 3 * seconds
      const [{ perSecond }, pending] = await Promise.all([
        overPgbench('writes', target.url, { script, rate }).run(length),
        watch(1000 * length),
      ])
      const third = Math.ceil(pending.length / 3)
      middle.push(Math.max(allowed, median(pending.slice(third, 2 * third))))
      end.push(Math.max(allowed, median(pending.slice(2 * third))))
      reached.push(perSecond)
    }
  } finally {
    await sql.end()
  }
  const [least, most] = [Math.min(...reached), Math.max(...end)]
  report.say(
    `\nThe fold beside ${grouped(least)} writes/s (${grouped(rate)} asked for): at most ${grouped(most)} pending at the end`,
  )
  const what = `pending at the end ÷ in the middle of ${grouped(median(reached))} writes/s`
  report.row(atMost(what, ratios(end, middle), 1.5))
}
