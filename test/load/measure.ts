import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { cpuOf } from '../bench/cpu.ts'
import { percentile } from '../bench/figures.ts'
import { output } from '../bench/processes.ts'
import type { Crowd } from './crowd.ts'
import { startProbing } from './probe.ts'

export type Overload = Crowd & {
  readonly clients: number
  /** ms within which 99 of 100 health checks were answered: on a connection that is kept, and on a new one each. */
  readonly onKept: number
  readonly onNew: number
  /** ms of CPU for each 200: the server's and PostgreSQL's, refusals included. */
  readonly cpu: { readonly server: number; readonly postgres: number }
}
/** Of a server, and of the first process of its PostgreSQL. */
export type Processes = { readonly pid: number; readonly postmaster: number }

/** What so many clients get that ask again as soon as they are answered, and health checks meanwhile. */
export async function measureCrowd(
  url: string,
  clients: number,
  seconds: number,
  { pid, postmaster }: Processes,
  /** Of a POST, in ASCII; else all read. */
  body?: string,
): Promise<Overload> {
  const warmUp = 3 + clients / 1500
  const crowd = output(process.execPath, [
    join(import.meta.dirname, 'crowd.ts'),
    ...[url, clients, seconds, warmUp, 0].map(String),
    ...(body === undefined ? [] : [body]),
  ])
  await Promise.race([crowd, pause(warmUp * 1000)])
  const before = [cpuOf(pid), cpuOf(postmaster)] as const
  const { origin } = new URL(url)
  const [kept, fresh] = [startProbing(origin, true), startProbing(origin, false)]
  const got: Crowd = JSON.parse(await crowd.finally(() => Promise.all([kept.stop(), fresh.stop()])))
  const answers = got.perSecond * seconds
  return {
    ...got,
    clients,
    onKept: percentile(await kept.stop(), 0.99),
    onNew: percentile(await fresh.stop(), 0.99),
    cpu: {
      server: (cpuOf(pid) - before[0]) / answers,
      postgres: (cpuOf(postmaster) - before[1]) / answers,
    },
  }
}
