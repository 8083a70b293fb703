/**
 * `npm run bench`: DESIGN's speed table, each row measured in one run on one machine, beside a naive backend, a
 * hand-written twin and pgbench. `npm run bench -- --posts 20000 --seconds 1 --only depth writes` is a short one.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type BenchData, provideData } from './data.ts'
import { killChildren } from './processes.ts'
import { openReport } from './report.ts'
import { measureEach, scenarios } from './scenarios.ts'

const whole = (text: string): number => {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < 1)
    throw new InvalidArgumentError('It should be a whole number from 1.')
  return value
}
type Options = {
  posts: number
  seconds: number
  rounds: number
  only?: string[]
  keep?: string
}
const program = new Command('bench')
  .description('Measures Shopboard beside a naive backend, a hand-written twin and pgbench.')
  .option('--posts <n>', 'posts of the community; five times as many comments', whole, 1_000_000)
  .option('--seconds <n>', 'length of a round', whole, 3)
  .option('--rounds <n>', 'rounds taken in turns', whole, 3)
  .option('--only <names...>', `of ${Object.keys(scenarios).join(', ')}`)
  .option('--keep <dir>', 'keep the filled databases there, and use them when they are there')
  .parse()
const { posts, seconds, rounds, only, keep } = program.opts<Options>()
const unknown = (only ?? []).filter((name) => !(name in scenarios))
if (unknown.length > 0) program.error(`There is no ${unknown.join(', ')} to measure.`)

const report = openReport((text) => console.log(text))
const folder = await mkdtemp(join(tmpdir(), 'shopboard-bench-'))
// PostgreSQL's own user reads and writes in it.
await chmod(folder, 0o755)
// What anybody started here leaves behind lies in it, and goes with it.
process.env.TMPDIR = folder

const interrupted = Promise.withResolvers<never>()
interrupted.promise.catch(() => {})
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.reject('interrupted'))

let data: BenchData | undefined
try {
  report.say(
    `Node ${process.version}, ${process.platform} ${process.arch}; medians of ${rounds} rounds of ${seconds} s taken in turns`,
  )
  data = await provideData({ posts, folder, keep, say: report.say })
  const chosen = Object.entries(scenarios).filter(([name]) => only?.includes(name) ?? true)
  const measuring = measureEach(Object.fromEntries(chosen), { data, seconds, rounds, report })
  process.exitCode = (await Promise.race([measuring, interrupted.promise])) ? 0 : 1
} catch (error) {
  if (error !== 'interrupted') throw error
  // Whatever is under way fails as its servers end, and nobody waits for it.
  process.on('unhandledRejection', () => {})
  killChildren()
  process.exitCode = 130
} finally {
  await data?.stop()
  await rm(folder, { recursive: true, force: true })
}
report.close()
process.exit()
