import { kinds, kindTable, recordOf, type TableName, tableNames } from '../../db/rollup/kinds.ts'
import type { Statement } from '../../db/statement.ts'
import type { Counted, Sample, Samples } from './samples.ts'

export type AnyStatement = Statement<never, unknown>

/** What a statement is asked for: much of what there is, little of it at the list's far end, and nothing. */
export const cases = ['many', 'few', 'none'] as const
export type Case = (typeof cases)[number]

export type Asked = {
  readonly samples: Samples
  readonly statement: AnyStatement
  /** Whether it takes a value of that name. */
  readonly takes: (name: string) => boolean
}
export type Spread = Readonly<Record<Case, unknown>>

const spread = (many: unknown, few: unknown = many, none: unknown = few): Spread => ({
  many,
  few,
  none,
})

/** No row has it. */
const noId = Number.MAX_SAFE_INTEGER
/** No text has it. */
const nothing = 'qzxqzx'
/** Before every row. */
const longAgo = '0001-01-02T00:00:00Z'
/** Rows that a jump passes over at most, where no rollup knows the way. */
const mostPassedOver = 50_000

/** Of statements that write, which are planned alone: any value of the type does. */
const ofWrites = recordOf(
  [
    'createdBy',
    'error',
    'file',
    'filters',
    'format',
    'isCompressed',
    'kind',
    'names',
    'outcome',
    'params',
    'resource',
    'done',
    'result',
    'retention',
    'rows',
    'runId',
    'slots',
    'total',
    'worker',
  ],
  (name) => [name, () => spread(null)],
)

/** Values by the names of placeholders, which mean the same wherever they stand, unless the statement's own name says more. */
export const known: Readonly<Record<string, (asked: Asked) => Spread>> = {
  size: () => spread(100),
  limit: () => spread(100, 10, 1),
  skip: (asked) => {
    const rows = rowsOf(asked)
    const half = Math.floor(rows / 2)
    return spread(
      isPassedOver(asked) ? Math.min(half, mostPassedOver) : half,
      Math.max(rows - 10, 0),
      rows + 1000,
    )
  },
  authorId: ({ samples }) => idsOf(samples.authors),
  userId: (asked) => idsOf(ownersOf(asked)),
  postId: (asked) =>
    isOfPost(asked)
      ? idsOf(asked.samples.posts)
      : spread(asked.samples.middle.posts?.id ?? 1, asked.samples.oldest.posts?.id ?? 1, 0),
  ...recordOf(
    kinds.filter((kind) => kind !== 'post'),
    (kind) => [
      `${kind}Id`,
      ({ samples: { middle, oldest } }: Asked) => {
        const { tableName } = kindTable[kind]
        return spread(middle[tableName]?.id ?? 1, oldest[tableName]?.id ?? 1, 0)
      },
    ],
  ),
  at: (asked) =>
    isSearch(asked)
      ? spread(hoursAfter(asked.samples.now, 1))
      : spread(middleOf(asked).at, oldestOf(asked).at, '-infinity'),
  id: (asked) => spread(middleOf(asked).id, oldestOf(asked).id, noId),
  key: keysOf,
  after: (asked) => spread(oldestOf(asked).at, middleOf(asked).at, longAgo),
  before: (asked) =>
    spread(asked.samples.now, hoursAfter(middleOf(asked).at, 1), hoursAfter(longAgo, 1)),
  isLive: () => spread(true, false),
  isActive: () => spread(true, false),
  isAdmin: () => spread(false, true),
  pattern: ({ samples: { usernames } }) =>
    spread(`%${commonPartOf(usernames)}%`, `%${usernames[0] ?? 'nobody'}%`, `%${nothing}%`),
  tags: ({ samples: { tags } }) =>
    spread([tags[0] ?? nothing], [tags.at(-1) ?? nothing], [nothing]),
  properties: ({ samples: { metadata, preferences }, statement }) => {
    const values = statement.name.startsWith('users_') ? preferences : metadata
    const none = JSON.stringify({ [nothing]: nothing })
    return spread([values[0] ?? none], [values.at(-1) ?? none], [none])
  },
  q: ({ samples: { words, usernames }, statement }) =>
    statement.name.includes('_users_')
      ? spread(commonPartOf(usernames), usernames[0] ?? 'nobody', nothing)
      : spread(words[0] ?? 'word', words.at(-1) ?? 'word', nothing),
  topAt: ({ samples }) => spread(samples.now),
  edgeAt: ({ samples: { edge } }) => spread(edge?.at ?? '-infinity', '-infinity'),
  edgeId: ({ samples: { edge } }) => spread(edge?.id ?? 1, 1),
  way: () => spread('w', 'a', 'n'),
  matches: () => spread(300_000, 100, 0),
  isExact: () => spread(false, true),
  days: () => spread(365, 7, 1),
  months: () => spread(24, 12, 1),
  from: (asked) =>
    asked.statement.name === 'retention'
      ? spread(monthOf(asked.samples.now, 23), monthOf(asked.samples.now, 11), longAgo)
      : spread(hoursAfter(asked.samples.now, -365 * 24), middleOf(asked).at, longAgo),
  to: (asked) =>
    asked.statement.name === 'retention'
      ? spread(monthOf(asked.samples.now, 0), monthOf(asked.samples.now, 0), longAgo)
      : spread(asked.samples.now, hoursAfter(middleOf(asked).at, 41), hoursAfter(longAgo, 41)),
  interval: () => spread('day', 'hour', 'month'),
  tz: () => spread('America/New_York', 'Asia/Kolkata', 'UTC'),
  kinds: () => spread(kinds.map((kind) => kindTable[kind].number)),
  buckets: () => spread(30),
  viewedIds: ({ samples }) => spread(samples.posts.map(({ id }) => id)),
  views: ({ samples }) => spread(samples.posts.map(() => 1)),
  call: () => spread('anyone\n00000000'),
  fingerprint: () => spread('00'.repeat(32)),
  answerStatus: () => spread(201),
  answerHeaders: () => spread('{}'),
  answerBody: () => spread('{}', null),
  rollup: () => spread('totals'),
  hash: () => spread('00'.repeat(32)),
  prefix: () => spread('sb_00000000'),
  beforeId: () => spread(noId),
  // what writes is planned alone
  name: () => spread('a name'),
  scopes: () => spread(['read']),
  expiresAt: () => spread(null),
  row: () => spread('{}'),
  rows: () => spread('[]'),
  versions: () => spread(null),
  actor: () => spread('anyone'),
  seesAll: () => spread(true, false),
  requestId: () => spread(null),
  address: () => spread(null),
  state: () => spread('done', 'dead', 'waiting'),
  table: () => spread('posts', 'users', nothing),
  action: () => spread('create', 'erase', nothing),
  rowId: () => spread(1, 2, noId),
  ...ofWrites,
}

/** Positions in a list, by what its name says that it is sorted by. */
function keysOf(asked: Asked): Spread {
  const { statement, samples } = asked
  if (isSearch(asked))
    return statement.name.endsWith('_by_relevance')
      ? spread(5e14, 0)
      : spread(1000 * Date.parse(middleOf(asked).at), 0)
  if (statement.name.includes('_by_username_'))
    return spread(samples.usernames.at(50)?.toLowerCase() ?? 'm', 'a', '')
  if (statement.name.includes('_by_comments_count_')) return spread(1, samples.posts[0]?.n ?? 1, -1)
  if (statement.name.includes('_by_last_seen_at_')) return spread(middleOf(asked).at, '-infinity')
  return spread(middleOf(asked).at, oldestOf(asked).at, '-infinity')
}

const isSearch = ({ statement }: Asked) => statement.name.startsWith('search_')

const isOfPost = ({ statement }: Asked) => /^comments_by_.*_of_post/.test(statement.name)

/** A list whose positions no rollup knows. */
const isPassedOver = (asked: Asked) =>
  isOfPost(asked) ||
  (/^\w+_by_/.test(asked.statement.name) && !asked.statement.name.includes('_by_created_at_'))

/** Rows of the list that a statement gives pages of. */
function rowsOf(asked: Asked): number {
  const { samples, statement, takes } = asked
  if (isOfPost(asked)) return samples.posts[0]?.n ?? 0
  if (takes('userId')) return ownersOf(asked)[0]?.n ?? 0
  if (takes('authorId')) return samples.authors[0]?.n ?? 0
  const table = listedBy(statement)
  if (table) return samples.total[table]
  return statement.reads.reduce((sum, each) => sum + samples.total[each], 0)
}

const ownersOf = ({ samples, statement }: Asked): readonly Counted[] =>
  listedBy(statement) === 'sessions' ? samples.users : samples.authors

const idsOf = (found: readonly Counted[]): Spread =>
  spread(found[0]?.id ?? 1, found.at(-1)?.id ?? 1, noId)

const middleOf = (asked: Asked): Sample => sampleOf(asked, asked.samples.middle)
const oldestOf = (asked: Asked): Sample => sampleOf(asked, asked.samples.oldest)

/** Of the table that is listed, else of the largest that is read. */
function sampleOf({ samples, statement }: Asked, of: Samples['middle']): Sample {
  const [largest] = statement.reads.toSorted(
    (one, other) => samples.total[other] - samples.total[one],
  )
  const table = listedBy(statement) ?? largest
  return (table && of[table]) ?? { at: samples.now, id: 1 }
}

/** `posts_by_…` lists posts, `post_by_id` is one. */
const listedBy = ({ name }: AnyStatement): TableName | undefined =>
  tableNames.find((table) => new RegExp(`^${table.slice(0, -1)}s?_by_`).test(name))

const hoursAfter = (at: string, hours: number): string =>
  new Date(Date.parse(at) + hours * 3_600_000).toISOString()

/** The first day of the month so many months before. */
function monthOf(at: string, before: number): string {
  const instant = new Date(at)
  const first = Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth() - before, 1)
  return new Date(first).toISOString().slice(0, 10)
}

/** The three letters that most of the texts have. */
function commonPartOf(texts: readonly string[]): string {
  const times = new Map<string, number>()
  for (const text of texts) {
    const lower = text.toLowerCase()
    const parts = Array.from(lower, (_, at) => lower.slice(at, at + 3))
    for (const part of new Set(parts.filter((each) => /^[a-z0-9]{3}$/.test(each))))
      times.set(part, (times.get(part) ?? 0) + 1)
  }
  const [most] = [...times].toSorted(([, one], [, other]) => other - one)
  return most?.[0] ?? 'abc'
}
