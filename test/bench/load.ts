import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { cpuOf } from './cpu.ts'
import { output } from './processes.ts'

/** Latencies in ms. */
export type Measured = {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** ms of CPU per request: the server's, and PostgreSQL's. */
  readonly cpu?: Cpu
}
type Cpu = { readonly server: number; readonly postgres: number }
export type Contender = {
  readonly name: string
  /** The server's process, where there is one. */
  readonly pid?: number
  readonly run: (seconds: number) => Promise<Measured>
}

export const clients = 16
const rounds = 3
const autocannon = createRequire(import.meta.url).resolve('autocannon')

/** Every contender is warmed up, then all take turns, so that a busy moment of the machine hits all alike: medians of three. */
export async function compare(
  contenders: readonly Contender[],
  seconds: number,
  postmaster?: number,
) {
  const taken = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]))
  for (const { run } of contenders) await run(1)
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders)
      taken.get(contender.name)?.push(await withCpu(contender, seconds, postmaster))
  }
  return new Map([...taken].map(([name, all]) => [name, medians(all)]))
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

const medians = (all: readonly Measured[]): Measured => ({
  cpu: {
    server: median(all.map(({ cpu }) => cpu?.server ?? Number.NaN)),
    postgres: median(all.map(({ cpu }) => cpu?.postgres ?? Number.NaN)),
  },
  perSecond: median(all.map(({ perSecond }) => perSecond)),
  p50: median(all.map(({ p50 }) => p50)),
  p99: median(all.map(({ p99 }) => p99)),
})

export const median = (values: readonly number[]): number => percentile(values, 0.5)
export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? Number.NaN

/** autocannon in a process of its own, 16 connections. @throws when an answer is not 2xx */
export const overHttp = (name: string, url: string, pid?: number): Contender => ({
  name,
  ...(pid === undefined ? {} : { pid }),
  async run(seconds) {
    const args = ['-c', String(clients), '-d', String(seconds), '--json', '--no-progress', url]
    const said = JSON.parse(await output(process.execPath, [autocannon, ...args]))
    if (said.non2xx + said.errors > 0)
      throw new Error(`${url}: ${said.non2xx + said.errors} failures`)
    return {
      perSecond: said.requests.total / said.duration,
      p50: said.latency.p50,
      p99: said.latency.p99,
    }
  },
})

/** One client, three times: for what takes seconds. */
export async function slowly(url: string): Promise<Measured> {
  const took = [await timed(url), await timed(url), await timed(url)]
  return { perSecond: 1000 / median(took), p50: median(took), p99: Math.max(...took) }
}

/** One client asks the URLs in turn; the p50 of each, in ms. */
export async function alternately(urls: readonly string[], times: number): Promise<number[]> {
  const took = urls.map((): number[] => [])
  for (let time = -20; time < times; time++) {
    for (const [index, url] of urls.entries()) {
      const ms = await timed(url)
      if (time >= 0) took[index]?.push(ms)
    }
  }
  return took.map(median)
}

const agent = new Agent({ keepAlive: true })

/** ms until the answer is read. */
export const timed = (url: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const begun = performance.now()
    get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`))
      response.resume().on('end', () => resolve(performance.now() - begun))
    }).on('error', reject)
  })

export const pgbench = [
  '',
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/lib/postgresql/15/bin',
]
  .map((folder) => join(folder, 'pgbench'))
  .find((path) => existsSync(path))

/** The statement with its values as pgbench's variables, so that `-M prepared` sends them as Shopboard does. */
export function scriptOf(text: string): string {
  // pgbench takes a colon before a letter for a variable, in a literal too.
  const safe = text.replace(/'[^']*'/g, (literal) => literal.replace(/:(?=\w)/g, ":' || '"))
  return `${safe.replace(/\$(\d+)/g, ':p$1')};\n`
}

export const overPgbench = (
  name: string,
  databaseUrl: string,
  script: string,
  values: readonly unknown[] = [],
): Contender => ({
  name,
  async run(seconds) {
    const folder = await mkdtemp(join(tmpdir(), 'shopboard-pgbench-'))
    try {
      const file = join(folder, 'script.sql')
      await writeFile(file, script)
      const url = new URL(databaseUrl)
      const load = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds)]
      const said = await output(
        pgbench ?? 'pgbench',
        [
          ...load,
          ...['-f', file, '-l', `--log-prefix=${join(folder, 'log')}`],
          ...['-h', url.hostname, '-p', url.port, '-U', url.username],
          ...values.flatMap((value, index) => ['-D', `p${index + 1}=${value}`]),
          url.pathname.slice(1),
        ],
        {
          PGPASSWORD: decodeURIComponent(url.password),
          PGOPTIONS:
            '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c TimeZone=UTC',
        },
      )
      return { perSecond: Number(/tps = ([\d.]+)/.exec(said)?.[1]), ...(await latencies(folder)) }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})

async function latencies(folder: string): Promise<Pick<Measured, 'p50' | 'p99'>> {
  const took: number[] = []
  for (const name of await readdir(folder)) {
    if (!name.startsWith('log')) continue
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      const microseconds = line.split(' ')[2]
      if (microseconds) took.push(Number(microseconds) / 1000)
    }
  }
  return { p50: median(took), p99: percentile(took, 0.99) }
}
