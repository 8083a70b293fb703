import { openFilesLimit } from '../../../src/server/open-files.ts'
import { measureCrowd, type Overload } from '../../load/measure.ts'
import { grouped, median, ms, ratios } from '../figures.ts'
import { servers, startShopboard } from '../processes.ts'
import { atLeast, atMost, failed } from '../report.ts'
import { feedPath } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

/** All are compared with the best; latencies with those at 200, the last that do not overload the server. */
const few = [50, 200]
const many = [500, 1_500, 3_000, 10_000]

/** Ever larger crowds, again and again, the crowd and the server on one machine. */
export async function measureOverload(bench: Bench): Promise<void> {
  const { data, report, seconds, rounds } = bench
  await using running = servers()
  const server = await running.start(startShopboard(await data.full(), uncached))
  const processes = { pid: server.pid, postmaster: data.postmaster }
  const possible = openFilesLimit() - 200
  for (const clients of many.filter((each) => each > possible))
    report.row(failed(`${grouped(clients)} clients`, `only ${possible} files may be open`))
  const crowds = [...few, ...many.filter((each) => each <= possible)]

  const got: Overload[] = []
  for (let round = 0; round < rounds; round++)
    for (const clients of crowds)
      got.push(await measureCrowd(server.url + feedPath, clients, seconds, processes))
  const of = (clients: number, pick: (each: Overload) => number) =>
    got.filter((each) => each.clients === clients).map(pick)
  report.table(
    'Closed-loop clients',
    columns,
    crowds.map((clients) => line(clients, of)),
  )
  reportRows(bench, crowds, of)
}

type Of = (clients: number, pick: (each: Overload) => number) => number[]

function reportRows({ report, rounds }: Bench, crowds: readonly number[], of: Of): void {
  const each = (pick: (overload: Overload) => number, clients: readonly number[]) =>
    Array.from({ length: rounds }, (_, round) =>
      Math.max(...clients.map((one) => of(one, pick)[round] ?? Number.NaN)),
    )
  const rate = ({ perSecond }: Overload) => perSecond
  const p99 = (overload: Overload) => overload.p99
  const large = crowds.filter((clients) => many.includes(clients))
  for (const clients of large) {
    const shares = ratios(of(clients, rate), each(rate, crowds))
    report.row(atLeast(`goodput at ${grouped(clients)} clients ÷ the best`, shares, 0.8))
  }
  const slowest = ratios(each(p99, large), of(200, p99))
  report.row(atMost('p99 of what is served, the slowest of them ÷ at 200', slowest, 3))
  const [onKept, onNew] = [each(({ onKept }) => onKept, large), each(({ onNew }) => onNew, large)]
  report.row(atMost('/livez meanwhile, on a kept connection, p99', onKept, 200, 'ms'))
  report.row(atMost('/livez meanwhile, on new connections, p99', onNew, 1_000, 'ms'))
  const strange = (overload: Overload) =>
    overload.lost + Object.values(overload.strange).reduce((sum, n) => sum + n, 0)
  const wrong = each(strange, large)
  if (Math.max(...wrong) > 0)
    report.row(failed('overload', `${Math.max(...wrong)} lost or strange answers`))
}

const columns = [
  'clients',
  'served/s',
  'refused/s',
  'p50 ms',
  'p99 ms',
  '/livez kept p99',
  'new p99',
  'ms CPU server',
  'PostgreSQL',
]

const line = (clients: number, of: Of): string[] => [
  grouped(clients),
  grouped(median(of(clients, ({ perSecond }) => perSecond))),
  grouped(median(of(clients, ({ refusedPerSecond }) => refusedPerSecond))),
  ...[
    ({ p50 }: Overload) => p50,
    ({ p99 }: Overload) => p99,
    ({ onKept }: Overload) => onKept,
    ({ onNew }: Overload) => onNew,
    ({ cpu }: Overload) => cpu.server,
    ({ cpu }: Overload) => cpu.postgres,
  ].map((pick) => ms(median(of(clients, pick)))),
]
