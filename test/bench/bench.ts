/**
 * `npm run bench -- --posts 1000000 --seconds 5`: Shopboard beside a naive backend, a hand-written twin and pgbench,
 * in one run on one machine, and DESIGN's speed table with what was reached of it.
 */
import { Command, InvalidArgumentError } from 'commander'
import { provideData } from './data.ts'
import { type Report, type Row, scenarios } from './scenarios.ts'

const whole = (text: string): number => {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < 1)
    throw new InvalidArgumentError('It should be a whole number from 1.')
  return value
}
const program = new Command('bench')
  .description('Measures Shopboard beside a naive backend, a hand-written twin and pgbench.')
  .option('--posts <n>', 'posts of the community; five times as many comments', whole, 1_000_000)
  .option('--seconds <n>', 'length of a round; three rounds each', whole, 5)
  .option('--only <names...>', `of ${Object.keys(scenarios).join(', ')}`)
  .option('--keep <dir>', 'keep the filled databases there, and use them when they are there')
  .parse()
const { posts, seconds, only, keep } = program.opts<{
  posts: number
  seconds: number
  only?: string[]
  keep?: string
}>()
const unknown = (only ?? []).filter((name) => !(name in scenarios))
if (unknown.length > 0) program.error(`There is no ${unknown.join(', ')} to measure.`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const reached: Row[] = []
const report: Report = {
  say: (line) => console.log(line),
  table: (title, columns, lines) => console.log(`\n${title}\n${aligned([columns, ...lines])}`),
  row: (row) => reached.push(row),
}

report.say(
  `Node ${process.version}, ${process.platform} ${process.arch}; 16 pool, medians of three rounds of ${seconds} s taken in turns`,
)
const data = await provideData(posts, keep, report.say)
try {
  for (const [name, measure] of Object.entries(scenarios)) {
    if (only && !only.includes(name)) continue
    await measure(data, seconds, report).catch((error: unknown) => {
      report.say(
        `\n${name} could not be measured: ${error instanceof Error ? error.message : error}`,
      )
      process.exitCode = 1
    })
  }
} finally {
  await data.stop()
}
report.table(
  'Speed to reach',
  ['what', 'at least', 'measured', ''],
  reached.map(({ what, wanted, measured, isReached }) => [
    what,
    wanted,
    measured,
    isReached ? 'reached' : 'NOT REACHED',
  ]),
)

function aligned(lines: readonly (readonly string[])[]): string {
  const widths =
    lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? []
  return lines
    .map((line) =>
      line
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
