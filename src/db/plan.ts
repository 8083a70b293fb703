/** A step of a plan, as `explain (verbose, format json)` writes it; the `Actual` ones are there where it was run, per loop. */
export type PlanStep = {
  readonly 'Node Type': string
  readonly Schema?: string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Plan Rows': number
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly 'Temp Written Blocks'?: number
  readonly 'Sort Space Type'?: string
  readonly 'Hash Batches'?: number
  readonly Plans?: readonly PlanStep[]
}

export type Plan = {
  /** Whether it was run, and not planned alone. */
  readonly isRun: boolean
  /** Its steps, the outermost first; those that never ran are left out. */
  readonly steps: readonly PlanStep[]
  /** Pages touched. */
  readonly blocks: number
  /** Pages written to temporary files. */
  readonly temporary: number
  /** ms it took to run, without the way to the client. */
  readonly duration: number
}

/** Sends one command to PostgreSQL, as it is, and gives its rows. */
export type Send = (command: string) => PromiseLike<readonly unknown[]>

/** A statement that the session of `Send` keeps prepared, and so has a generic plan where the session forces one. */
export type Prepared = {
  /** @param values as PostgreSQL's texts @throws the error of PostgreSQL */
  readonly plan: (values: readonly unknown[], isRun?: boolean) => Promise<Plan>
  /** The same for people, a line each. */
  readonly lines: (values: readonly unknown[], isRun?: boolean) => Promise<readonly string[]>
  /** Only that: it warms what PostgreSQL caches of its own catalog. */
  readonly run: (values: readonly unknown[]) => Promise<void>
  readonly deallocate: () => Promise<void>
}

/** @param name on its session, where another that failed may be left */
export async function prepare(send: Send, name: string, text: string): Promise<Prepared> {
  await send(`prepare ${name} as ${text}`)
  const execution = (values: readonly unknown[]) =>
    `execute ${name}${values.length === 0 ? '' : `(${values.map(literal).join(', ')})`}`
  const explain = (values: readonly unknown[], isRun: boolean, format: string) =>
    send(
      `explain (${isRun ? 'analyze, buffers, timing off, summary on, ' : ''}verbose, format ${format}) ${execution(values)}`,
    )
  return {
    async plan(values, isRun = true) {
      const [row] = await explain(values, isRun, 'json')
      return planFrom(row as ExplainedJson, isRun)
    },
    async lines(values, isRun = true) {
      const rows = await explain(values, isRun, 'text')
      return (rows as readonly ExplainedText[]).map((row) => row['QUERY PLAN'])
    },
    run: async (values) => void (await send(execution(values))),
    deallocate: async () => void (await send(`deallocate ${name}`)),
  }
}

type ExplainedText = { readonly 'QUERY PLAN': string }
type ExplainedJson = {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: PlanStep; readonly 'Execution Time'?: number }]
}

function planFrom(explained: ExplainedJson, isRun: boolean): Plan {
  const [{ Plan: whole, 'Execution Time': duration = 0 }] = explained['QUERY PLAN']
  return {
    isRun,
    steps: stepsOf(whole).filter((step) => step['Actual Loops'] !== 0),
    blocks: (whole['Shared Hit Blocks'] ?? 0) + (whole['Shared Read Blocks'] ?? 0),
    temporary: whole['Temp Written Blocks'] ?? 0,
    duration,
  }
}

const stepsOf = (step: PlanStep): PlanStep[] => [step, ...(step.Plans ?? []).flatMap(stepsOf)]

/** Rows that a step gave, all its loops together; what the planner expects where it was not run. */
export const rowsGiven = (step: PlanStep): number =>
  (step['Actual Rows'] ?? step['Plan Rows']) * (step['Actual Loops'] ?? 1)

/** Rows that came by and were thrown away. */
export const rowsRemoved = (step: PlanStep): number =>
  ((step['Rows Removed by Filter'] ?? 0) + (step['Rows Removed by Index Recheck'] ?? 0)) *
  (step['Actual Loops'] ?? 1)

/** An index read from end to end is a scan too: what counts is how many rows came by. */
export const rowsRead = (step: PlanStep): number => rowsGiven(step) + rowsRemoved(step)

/** The same whatever `standard_conforming_strings` is. */
const literal = (value: unknown): string =>
  value === null ? 'null' : `E'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
