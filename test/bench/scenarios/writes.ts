import postgres from 'postgres'
import { ratios } from '../figures.ts'
import { needPgbench, overPgbench } from '../pgbench.ts'
import { servers, startShopboard } from '../processes.ts'
import { atLeast } from '../report.ts'
import { type Contender, columns, compare, linesOf, ratesOf } from '../rounds.ts'
import { insertsInto } from './inserts.ts'
import type { Bench } from './scenario.ts'

/** Writes of 16 clients on a durable server with the rollup triggers on and off in turns, while a server folds. */
export async function measureWrites(bench: Bench): Promise<void> {
  needPgbench()
  const { data, report } = bench
  await using target = await data.scratch('small')
  await using running = servers()
  const { pid } = await running.start(startShopboard(target.url))
  const sql = postgres(target.url, { max: 1, onnotice: () => {} })
  const { posts, comments, hot } = await insertsInto(target.url)
  const cases = [
    { what: 'single posts', table: 'posts', script: posts },
    { what: 'single comments', table: 'comments', script: comments },
    { what: 'two comments of ten hot users', table: 'comments', script: hot },
  ]
  try {
    for (const { what, table, script } of cases) {
      const writer = (name: string, state: 'enable' | 'disable'): Contender => {
        const writes = overPgbench(name, target.url, { script, pid })
        return {
          ...writes,
          async run(seconds) {
            await sql.unsafe(`alter table ${table} ${state} trigger rollup_insert`)
            return writes.run(seconds)
          },
        }
      }
      const measured = await compare(
        [writer('with triggers', 'enable'), writer('without', 'disable')],
        bench,
        data.postmaster,
      )
      report.table(
        `Writes, ${what}; the server folds`,
        columns.with(1, 'transactions/s'),
        linesOf(measured),
      )
      const shares = ratios(ratesOf(measured, 'with triggers'), ratesOf(measured, 'without'))
      report.row(atLeast(`writes of ${what} ÷ without triggers`, shares, 0.9))
    }
  } finally {
    await sql.end()
  }
}
