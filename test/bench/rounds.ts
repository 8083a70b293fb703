import { cpuOf } from './cpu.ts'
import { grouped, median, ms } from './figures.ts'

/** Latencies in ms. */
export type Measured = {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** ms of CPU per request: the server's, and PostgreSQL's. */
  readonly cpu?: { readonly server: number; readonly postgres: number }
}
export type Contender = {
  readonly name: string
  /** The server's process, where there is one. */
  readonly pid?: number
  readonly run: (seconds: number) => Promise<Measured>
}
/** How long one round lasts, in seconds, and how many are taken in turns. */
export type Rounds = { readonly seconds: number; readonly rounds: number }

/** What each contender did, round by round. */
export type Comparison = ReadonlyMap<string, readonly Measured[]>

/**
 * Every contender is warmed up, then all take turns, there and back, so that a busy moment of the machine and
 * tables that grow hit all alike.
 */
export async function compare(
  contenders: readonly Contender[],
  { seconds, rounds }: Rounds,
  postmaster?: number,
): Promise<Comparison> {
  const taken = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]))
  for (const { run } of contenders) await run(1)
  for (let round = 0; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
      taken.get(contender.name)?.push(await withCpu(contender, seconds, postmaster))
  }
  return taken
}

async function withCpu({ run, pid = 0 }: Contender, seconds: number, postmaster = 0) {
  const before = { server: cpuOf(pid), postgres: cpuOf(postmaster) }
  const measured = await run(seconds)
  const requests = measured.perSecond * seconds
  return {
    ...measured,
    cpu: {
      server: (cpuOf(pid) - before.server) / requests,
      postgres: (cpuOf(postmaster) - before.postgres) / requests,
    },
  }
}

/** A contender's rate in each round. */
export const ratesOf = (comparison: Comparison, name: string): number[] =>
  (comparison.get(name) ?? []).map(({ perSecond }) => perSecond)

export const columns = ['', 'req/s', 'p50 ms', 'p99 ms', 'ms CPU server', 'PostgreSQL']

/** The medians of the rounds, for a table under `columns`. */
export const linesOf = (comparison: Comparison): string[][] =>
  [...comparison].map(([name, all]) => {
    const of = (pick: (measured: Measured) => number | undefined) =>
      median(all.map((measured) => pick(measured) ?? Number.NaN))
    const rate = of(({ perSecond }) => perSecond)
    const cpu = [of((each) => each.cpu?.server), of((each) => each.cpu?.postgres)]
    return [
      name,
      rate < 10 ? rate.toFixed(2) : grouped(rate),
      ms(of(({ p50 }) => p50)),
      ms(of(({ p99 }) => p99)),
      ...cpu.map((value) => (value > 0 ? ms(value) : '')),
    ]
  })
