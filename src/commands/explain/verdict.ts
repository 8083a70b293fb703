import { type Plan, type PlanStep, rowsGiven, rowsRead, rowsRemoved } from '../../db/plan.ts'
import { grouped } from '../grouped.ts'

/** From good to bad. */
export const verdicts = ['uses its index', 'sorts', 'spills', 'scans'] as const
export type Verdict = (typeof verdicts)[number]

/** What a plan does that costs more as the tables grow, in a sentence. */
export type Finding = { readonly verdict: Verdict; readonly because: string }

/** The matches that a search counts and sorts: a larger sort grows with the tables. */
const mostSorted = 10_001
/** Rows that a search looks at one after the other; and a page. */
const mostRemoved = 20_200
/** Thrown away for each row that is kept. */
const mostRemovedForOne = 10
/** What a jump may pass over in an index, and a page. */
const mostRead = 50_200
/** Rows of a rollup that may be read as they lie: it has a few, or a key. */
const mostOfRollup = 1_000

/** All that is wrong with a plan, the worst first; nothing where it uses its index. */
export function findingsIn(plan: Plan): readonly Finding[] {
  const found = plan.steps.flatMap((step) => [
    ...scanOf(step, plan.isRun),
    ...spillOf(step),
    ...sortOf(step),
  ])
  return found.toSorted(
    (one, other) => verdicts.indexOf(other.verdict) - verdicts.indexOf(one.verdict),
  )
}

export const worstOf = (findings: readonly Finding[]): Verdict =>
  findings.reduce<Verdict>(
    (worst, { verdict }) => (verdicts.indexOf(verdict) > verdicts.indexOf(worst) ? verdict : worst),
    'uses its index',
  )

function scanOf(step: PlanStep, isRun: boolean): Finding[] {
  const { Schema: schema, 'Relation Name': relation, 'Index Name': index } = step
  const scans = (because: string): Finding[] => [{ verdict: 'scans', because }]
  if (schema === 'pg_catalog' || (relation ?? index) === undefined) return []
  const name = index ?? `${schema === 'public' ? '' : `${schema}.`}${relation}`
  const read = rowsRead(step)
  // sequential scans are off: it is one because there is no index for it, however small the table is now
  if (step['Node Type'] === 'Seq Scan' && (schema === 'public' || read > mostOfRollup))
    return scans(`reads the table ${name} from end to end`)
  if (isOfPending(step)) return []
  const removed = rowsRemoved(step)
  if (removed > mostRemoved && removed > mostRemovedForOne * rowsGiven(step))
    return scans(`reads ${grouped(read)} rows by ${name} for ${grouped(rowsGiven(step))}`)
  if (isRun && read > mostRead) return scans(`reads ${grouped(read)} rows by ${name}`)
  return []
}

/** Every count reads all that is not folded yet, and throws away what is of other kinds: how much that is says nothing of the plan. */
const isOfPending = ({
  Schema: schema,
  'Relation Name': relation,
  'Index Name': index,
}: PlanStep) =>
  relation === undefined ? index === 'deltas_xid' : schema === 'rollup' && relation === 'deltas'

function spillOf(step: PlanStep): Finding[] {
  if (step['Sort Space Type'] !== 'Disk' && (step['Hash Batches'] ?? 1) <= 1) return []
  return [{ verdict: 'spills', because: `${step['Node Type']} writes to temporary files` }]
}

/** What it is fed: of a sort that keeps the first rows only, PostgreSQL counts those it gives. */
function sortOf(step: PlanStep): Finding[] {
  const [fed] = step.Plans ?? []
  if (step['Node Type'] !== 'Sort' || fed?.['Actual Rows'] === undefined) return []
  if (fed['Actual Rows'] <= mostSorted) return []
  return [{ verdict: 'sorts', because: `sorts ${grouped(fed['Actual Rows'])} rows` }]
}
