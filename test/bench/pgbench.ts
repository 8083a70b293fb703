import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { median, percentile } from './figures.ts'
import { clients } from './http-load.ts'
import { output } from './processes.ts'
import type { Contender, Measured } from './rounds.ts'

export const pgbench = [
  '',
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/lib/postgresql/15/bin',
]
  .map((folder) => join(folder, 'pgbench'))
  .find((path) => existsSync(path))

/** @throws where it is not installed */
export function needPgbench(): void {
  if (!pgbench) throw new Error('pgbench is not installed')
}

/** The statement with its values as pgbench's variables, so that `-M prepared` sends them as Shopboard does. */
export function scriptOf(text: string): string {
  // pgbench takes a colon before a letter for a variable, in a literal too
  const safe = text.replace(/E?('[^']*')/g, (literal, quoted: string) =>
    /:\w/.test(quoted) ? `E${quoted.replace(/:(?=\w)/g, '\\072')}` : literal,
  )
  return `${safe.replace(/\$(\d+)/g, ':p$1')};\n`
}

type Load = {
  readonly script: string
  /** Of `$1`, `$2` … in it. */
  readonly values?: readonly unknown[]
  /** Transactions a second; as many as there can be, where it is missing. */
  readonly rate?: number
  /** The process of the server that works beside it. */
  readonly pid?: number
}

export const overPgbench = (
  name: string,
  databaseUrl: string,
  { script, values = [], rate, pid }: Load,
): Contender => ({
  name,
  ...(pid === undefined ? {} : { pid }),
  async run(seconds) {
    const folder = await mkdtemp(join(tmpdir(), 'pgbench-'))
    try {
      const file = join(folder, 'script.sql')
      await writeFile(file, script)
      const args = [
        ...['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds)],
        ...['-f', file, '-l', `--log-prefix=${join(folder, 'log')}`],
        ...(rate === undefined ? [] : ['-R', String(rate)]),
        ...values.flatMap((value, index) => ['-D', `p${index + 1}=${value}`]),
      ]
      const said = await output(pgbench ?? 'pgbench', ...connecting(databaseUrl, args))
      const perSecond = Number(/tps = ([\d.]+)/.exec(said)?.[1])
      // What it takes to connect is part of its time.
      if (!(perSecond > 0)) throw new Error(`pgbench came to nothing within ${seconds} s`)
      return { perSecond, ...(await latencies(folder)) }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})

function connecting(
  databaseUrl: string,
  args: readonly string[],
): [args: readonly string[], env: Record<string, string>] {
  const url = new URL(databaseUrl)
  const where = ['-h', url.hostname, '-p', url.port, '-U', url.username, url.pathname.slice(1)]
  const options =
    '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c TimeZone=UTC'
  const PGPASSWORD = decodeURIComponent(url.password)
  return [[...args, ...where], { PGPASSWORD, PGOPTIONS: options }]
}

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
