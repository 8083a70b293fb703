import { sql } from 'drizzle-orm'
import type { Database, Pool } from '../../db/database.ts'
import { type PlanStep, prepare, rowsRead } from '../../db/plan.ts'
import { compile, type Statement } from '../../db/statement.ts'
import { reasonOf } from '../../db/when-up.ts'
import { AppError } from '../../errors/error.ts'
import { sqlStateOf } from '../../errors/postgres.ts'
import { isConnectionLost } from '../failure.ts'
import { exempt } from './exempt.ts'
import type { AnyStatement, Case } from './known.ts'
import { type Samples, samplesIn } from './samples.ts'
import { unknownTo, type Values, valuesOf } from './values.ts'
import { type Finding, findingsIn, type Verdict, worstOf } from './verdict.ts'

/** How a statement does with the values of one case. */
export type Explained = {
  readonly case: Case
  readonly values: Values
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** Rows read of tables and indexes, those thrown away included; pages touched; ms. */
  readonly rows: number
  readonly blocks: number
  readonly duration: number
  /** The plan, a line each, where it was asked for. */
  readonly plan?: readonly string[]
}

/** Of one statement: what it does, why nothing can be said, or why it does not matter. */
export type Explanation = {
  readonly statement: string
  readonly verdict: Verdict | 'exempt' | 'denied' | 'fails'
  readonly because: string
  readonly cases: readonly Explained[]
}

export type ExplainOptions = {
  readonly signal: AbortSignal
  /** Whether the plans are wanted too. */
  readonly isWhole: boolean
  readonly onExplained: (explanation: Explanation) => void
}

/** ms that each statement may take; a server would have cancelled it long before. */
const deadline = 30_000

/** What statements can be asked for on this database. */
export const readSamples = (pool: Pool, signal: AbortSignal): Promise<Samples> =>
  pool.transaction({ access: 'read only', signal, deadline }, samplesIn)

/**
 * Plans and runs each statement on `pool`, which has one connection, each in a read only transaction, with values that
 * the database holds. What would write is planned alone.
 * @throws when the connection is lost or `signal` ends it
 */
export async function explain(
  pool: Pool,
  statements: readonly AnyStatement[],
  samples: Samples,
  options: ExplainOptions,
): Promise<Explanation[]> {
  const explanations: Explanation[] = []
  for (const [at, statement] of statements.entries()) {
    const explanation = await explainOne(pool, `explained_${at}`, statement, samples, options)
    explanations.push(explanation)
    options.onExplained(explanation)
  }
  return explanations
}

async function explainOne(
  pool: Pool,
  prepareAs: string,
  statement: AnyStatement,
  samples: Samples,
  { signal, isWhole }: ExplainOptions,
): Promise<Explanation> {
  const { name } = statement
  const unknown = unknownTo(statement)
  if (unknown.length > 0)
    return toldOf(name, 'fails', `no value is known for ${unknown.join(', ')}`)
  const asked = valuesOf(statement, samples)
  const inEach = (isRun: boolean) =>
    pool.transaction({ access: 'read only', signal, deadline }, (db) =>
      inEachCase(db, `${prepareAs}_${isRun ? 'run' : 'planned'}`, statement, asked, {
        isRun,
        isWhole,
      }),
    )
  const reason = exempt.get(name)
  try {
    if (reason !== undefined) return toldOf(name, 'exempt', reason, await inEach(false))
    const cases = await inEach(true).catch((error) => {
      if (sqlStateOf(error) !== writesInReadOnly) throw error
      return inEach(false)
    })
    return judged(name, cases)
  } catch (error) {
    if (signal.aborted || isConnectionLost(error)) throw error
    if (reason !== undefined) return toldOf(name, 'exempt', reason)
    return toldOf(name, sqlStateOf(error) === '42501' ? 'denied' : 'fails', whyOf(error))
  }
}

const writesInReadOnly = '25006'

async function inEachCase(
  db: Database,
  prepareAs: string,
  statement: AnyStatement,
  asked: ReturnType<typeof valuesOf>,
  { isRun, isWhole }: { readonly isRun: boolean; readonly isWhole: boolean },
): Promise<Explained[]> {
  const { text, bind } = compile(statement)
  const prepared = await prepare((command) => db.run(asItIs(command)), prepareAs, text)
  const explained: Explained[] = []
  for (const { case: each, values } of asked) {
    const bound = bind(values)
    const plan = await prepared.plan(bound, isRun)
    const findings = findingsIn(plan)
    explained.push({
      case: each,
      values,
      verdict: worstOf(findings),
      findings,
      rows: Math.round(
        plan.steps.filter(isRelation).reduce((sum, step) => sum + rowsRead(step), 0),
      ),
      blocks: plan.blocks,
      duration: plan.duration,
      ...(isWhole && { plan: await prepared.lines(bound, isRun) }),
    })
  }
  await prepared.deallocate()
  return explained
}

function judged(name: string, cases: readonly Explained[]): Explanation {
  const findings = cases.flatMap((each) => each.findings)
  const verdict = worstOf(findings)
  const because = findings.filter((each) => each.verdict === verdict).map((each) => each.because)
  return toldOf(name, verdict, [...new Set(because)].join('; '), cases)
}

const toldOf = (
  statement: string,
  verdict: Explanation['verdict'],
  because: string,
  cases: readonly Explained[] = [],
): Explanation => ({ statement, verdict, because, cases })

const isRelation = (step: PlanStep) => step['Relation Name'] !== undefined

/** A command of PostgreSQL's own, which no statement of the program is. */
const asItIs = (command: string): Statement<Record<never, never>, unknown> => ({
  name: 'explain',
  reads: [],
  build: () => sql.raw(command),
})

const whyOf = (error: unknown): string =>
  error instanceof AppError && error.code === 'timeout'
    ? `is not done within ${deadline / 1000} s`
    : reasonOf(error)
