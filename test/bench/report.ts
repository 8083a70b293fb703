import { grouped, median, ms } from './figures.ts'

/** A line of DESIGN's speed table, or one like it. */
export type Row = {
  readonly what: string
  readonly wanted: string
  readonly measured: string
  /** The lowest and the highest of its rounds. */
  readonly spread: string
  readonly rounds: number
  readonly outcome: 'reached' | 'missed' | 'failed'
}
export type Report = {
  readonly say: (line: string) => void
  readonly table: (
    title: string,
    columns: readonly string[],
    lines: readonly (readonly string[])[],
  ) => void
  readonly row: (row: Row) => void
}

const units = {
  '×': (value: number) => value.toFixed(2),
  ms,
  s: (value: number) => value.toFixed(2),
  MB: grouped,
  'rows/s': grouped,
}
type Unit = keyof typeof units

/** Of one value for each round, the median has to be so much. */
export const atLeast = (what: string, values: readonly number[], limit: number, unit: Unit = '×') =>
  rowOf(what, values, unit, `≥ ${limit.toLocaleString('en-US')}`, median(values) >= limit)

/** Of one value for each round, the median must not be more. */
export const atMost = (what: string, values: readonly number[], limit: number, unit: Unit = '×') =>
  rowOf(what, values, unit, `≤ ${limit.toLocaleString('en-US')}`, median(values) <= limit)

function rowOf(
  what: string,
  values: readonly number[],
  unit: Unit,
  limit: string,
  isReached: boolean,
): Row {
  const text = units[unit]
  return {
    what,
    wanted: `${limit} ${unit}`,
    measured: `${text(median(values))} ${unit}`,
    spread: values.length > 1 ? `${text(Math.min(...values))} to ${text(Math.max(...values))}` : '',
    rounds: values.length,
    outcome: isReached ? 'reached' : 'missed',
  }
}

/** What stands in the table for whatever could not be measured. */
export const failed = (what: string, error: unknown): Row => ({
  what,
  wanted: '',
  measured: (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '',
  spread: '',
  rounds: 0,
  outcome: 'failed',
})

/** Writes as it goes; `close` writes the table of all rows. */
export function openReport(write: (text: string) => void): Report & { readonly close: () => void } {
  const rows: Row[] = []
  const report: Report = {
    say: write,
    table: (title, columns, lines) => write(`\n${title}\n${aligned([columns, ...lines])}`),
    row: (row) => rows.push(row),
  }
  return {
    ...report,
    close() {
      const lines = rows.map(({ what, wanted, measured, spread, rounds, outcome }) =>
        outcome === 'failed'
          ? [`${what}: ${measured}`, '', '', '', '', outcome]
          : [what, wanted, measured, spread, String(rounds), outcome],
      )
      const columns = ['what', 'wanted', 'measured', 'spread', 'rounds', '']
      report.table('Speed to reach', columns, lines)
    },
  }
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths =
    lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? []
  const padded = (cell: string, at: number) =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)
  return lines.map((line) => line.map(padded).join('  ').trimEnd()).join('\n')
}
