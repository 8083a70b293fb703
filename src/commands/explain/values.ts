import { kinds, kindTable, recordOf } from '../../db/rollup/kinds.ts'
import { compile, type Statement } from '../../db/statement.ts'
import type { Sample, Samples } from './samples.ts'

export type AnyStatement = Statement<never, unknown>

/** What a statement is asked for: much of what there is, little of it at the list's far end, and nothing. */
export const cases = ['many', 'few', 'none'] as const
export type Case = (typeof cases)[number]

type Asked = {
  readonly samples: Samples
  readonly statement: AnyStatement
  /** Whether it takes a value of that name. */
  readonly takes: (name: string) => boolean
}
type Spread = Readonly<Record<Case, unknown>>

const spread = (many: unknown, few: unknown = many, none: unknown = few): Spread => ({
  many,
  few,
  none,
})

/** No row has it. */
const noId = Number.MAX_SAFE_INTEGER
/** Before every row. */
const longAgo = '0001-01-02T00:00:00Z'

/** By the names of placeholders, which mean the same wherever they stand. */
const known: Readonly<Record<string, (asked: Asked) => Spread>> = {
  size: () => spread(100),
  skip: (asked) => {
    const rows = rowsOf(asked)
    return spread(Math.floor(rows / 2), Math.max(rows - 10, 0), rows + 1000)
  },
  authorId: ({ samples }) => idsOf(samples.authors),
  at: (asked) => spread(middleOf(asked).at, oldestOf(asked).at, '-infinity'),
  ...recordOf(kinds, (kind) => [
    `${kind}Id`,
    ({ samples: { middle, oldest } }: Asked) => {
      const { tableName } = kindTable[kind]
      return spread(middle[tableName]?.id ?? 1, oldest[tableName]?.id ?? 1, 0)
    },
  ]),
  after: (asked) => spread(oldestOf(asked).at, middleOf(asked).at, longAgo),
  before: (asked) =>
    spread(asked.samples.now, hoursAfter(middleOf(asked).at, 1), hoursAfter(longAgo, 1)),
  days: () => spread(365, 7, 1),
  from: (asked) => spread(hoursAfter(asked.samples.now, -365 * 24), middleOf(asked).at, longAgo),
  to: (asked) =>
    spread(asked.samples.now, hoursAfter(middleOf(asked).at, 41), hoursAfter(longAgo, 41)),
  interval: () => spread('day', 'hour', 'month'),
  tz: () => spread('America/New_York', 'Asia/Kolkata', 'UTC'),
  kinds: () => spread(kinds.map((kind) => kindTable[kind].number)),
  buckets: () => spread(30),
  rollup: () => spread('totals'),
}

export type Values = Readonly<Record<string, unknown>>

/** The values of a statement's placeholders in each case; of one that takes none in one case. */
export function valuesOf(
  statement: AnyStatement,
  samples: Samples,
): readonly { readonly case: Case; readonly values: Values }[] {
  const names = placeholdersOf(statement)
  const asked = { samples, statement, takes: (name: string) => names.has(name) }
  const spreads = [...names].map((name) => [name, known[name]?.(asked)] as const)
  return cases.slice(0, names.size === 0 ? 1 : cases.length).map((each) => ({
    case: each,
    values: Object.fromEntries(spreads.map(([name, of]) => [name, of?.[each] ?? null])),
  }))
}

/** Placeholders that no value is known for. */
export const unknownTo = (statement: AnyStatement): string[] =>
  [...placeholdersOf(statement)].filter((name) => !Object.hasOwn(known, name))

function placeholdersOf(statement: AnyStatement): Set<string> {
  const names = new Set<string>()
  const told = new Proxy<Record<string, unknown>>(
    {},
    {
      get(_, name) {
        names.add(String(name))
        return null
      },
    },
  )
  compile(statement).bind(told)
  return names
}

/** Rows of the list that a statement gives pages of. */
function rowsOf({ samples, statement, takes }: Asked): number {
  if (takes('authorId')) return samples.authors[0]?.n ?? 0
  return statement.reads.reduce((sum, table) => sum + samples.total[table], 0)
}

const idsOf = (found: readonly { readonly id: number }[]): Spread =>
  spread(found[0]?.id ?? 1, found.at(-1)?.id ?? 1, noId)

const somewhere = ({ now }: Samples): Sample => ({ at: now, id: 1 })
const middleOf = (asked: Asked): Sample => atLargest(asked, asked.samples.middle)
const oldestOf = (asked: Asked): Sample => atLargest(asked, asked.samples.oldest)

/** Of the largest table that it reads. */
function atLargest({ samples, statement }: Asked, of: Samples['middle']): Sample {
  const [largest] = statement.reads.toSorted(
    (one, other) => samples.total[other] - samples.total[one],
  )
  return (largest && of[largest]) ?? somewhere(samples)
}

function hoursAfter(at: string, hours: number): string {
  return new Date(Date.parse(at) + hours * 3_600_000).toISOString()
}
