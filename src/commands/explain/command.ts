import { counted, grouped } from '../grouped.ts'
import { inSteps } from '../in-steps.ts'
import { type Explained, type Explanation, explain, readSamples } from './explain.ts'
import type { AnyStatement } from './known.ts'
import { nearestNames } from './nearest.ts'

export type ExplainFlags = {
  /** All that the program has. */
  readonly statements: readonly AnyStatement[]
  /** The name of one; all of them without. */
  readonly asked?: string | undefined
}

/** `explain`: writes a line for each statement, or the plans of one; 1 where one scans a table, fails, or is none. */
export const runExplain = inSteps<ExplainFlags>({
  name: 'explain',
  failed: 'changed',
  async work({ pool, signal, say, begin, done }, { statements: all, asked }) {
    const statements = chosenFrom(all, asked)
    const samples = await readSamples(pool, signal)
    if (Object.values(samples.total).every((n) => n === 0)) say(nothingThere)
    begin(statements.length, 'statements')
    const explanations = await explain(pool, statements, samples, {
      signal,
      isWhole: asked !== undefined,
      onExplained: (one) => done(1, textOf(one)),
    })
    return ({ stdout, tell }) => {
      tell?.({ statements: explanations })
      if (asked === undefined) stdout.write(summaryOf(explanations))
      return explanations.some(({ verdict }) => isFault(verdict)) ? 1 : 0
    }
  },
})

/** @throws a sentence that has the nearest names where there is none of that name */
function chosenFrom(all: readonly AnyStatement[], asked: string | undefined): AnyStatement[] {
  const chosen = all.filter(({ name }) => asked === undefined || name === asked)
  if (chosen.length > 0) return chosen
  const nearest = nearestNames(
    String(asked),
    all.map(({ name }) => name),
  )
  throw new Error(`There is no statement ${asked}. The nearest: ${nearest.join(', ')}.`)
}

const isFault = (verdict: Explanation['verdict']) => verdict === 'scans' || verdict === 'fails'

const nothingThere =
  'The database is empty: the plans are right, how much they read tells nothing.\n'

function textOf({ statement, verdict, because, cases }: Explanation): string {
  const what = because === '' ? verdict : `${verdict}: ${because}`
  const plans = cases.flatMap(({ case: each, values, plan }) =>
    plan === undefined
      ? []
      : ['', `asked for ${askedFor[each]}, ${JSON.stringify(values)}:`, ...plan],
  )
  return [`${statement}: ${what}${costOf(cases)}`, ...plans, ''].join('\n')
}

/** Of its dearest case; nothing of what was not run. */
function costOf(cases: readonly Explained[]): string {
  const most = (of: (one: Explained) => number) => Math.max(0, ...cases.map(of))
  const duration = most((one) => one.duration)
  if (duration === 0) return ''
  const rows = counted(
    most((one) => one.rows),
    'row',
  )
  return ` (${rows}, ${counted(
    most(({ blocks }) => blocks),
    'page',
  )}, ${duration.toFixed(2)} ms)`
}

const askedFor = { many: 'much', few: 'little', none: 'what is not there' } as const

function summaryOf(explanations: readonly Explanation[]): string {
  const verdicts = [...new Set(explanations.map(({ verdict }) => verdict))].toSorted()
  const parts = verdicts.map((verdict) => {
    const n = explanations.filter((one) => one.verdict === verdict).length
    return `${verdict} ${grouped(n)}`
  })
  return `${counted(explanations.length, 'statement')}: ${parts.join(', ')}.\n`
}
