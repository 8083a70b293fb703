import {
  bigint,
  date,
  integer,
  pgSchema,
  primaryKey,
  smallint,
  timestamp,
} from 'drizzle-orm/pg-core'

/**
 * The rollups as queries see them: `current*` are folded and pending counts together, exact in any snapshot.
 * Their tables, triggers and the fold are made by migration; only triggers and the fold write them.
 */
export const rollup = pgSchema('rollup')

/** What is counted, in the feed's order for equal instants. */
export const kinds = ['post', 'comment', 'signup', 'session'] as const
export type Kind = (typeof kinds)[number]

/** The number that stands for a kind in every rollup. */
export const kindNumber = (kind: Kind): number => kinds.indexOf(kind)

/** The table whose rows a kind counts. */
export const tableOfKind = {
  post: 'posts',
  comment: 'comments',
  signup: 'users',
  session: 'sessions',
} as const satisfies Record<Kind, string>
export type TableName = (typeof tableOfKind)[Kind]

const n = () => bigint('n', { mode: 'number' }).notNull()
const kind = () => smallint('kind').notNull()
const bucket = () => timestamp('bucket', { withTimezone: true, mode: 'string' }).notNull()
const span = rollup.enum('span', ['month', 'day', 'quarter'])

const counted = (metric: string) => bigint(metric, { mode: 'number' }).notNull()
const buckets = {
  span: span('span').notNull(),
  bucket: bucket(),
  posts: counted('posts'),
  comments: counted('comments'),
  signups: counted('signups'),
  sessions: counted('sessions'),
}

/** Live rows created in each UTC month, day and quarter-hour. A bucket may stand in several rows: sum them. */
export const currentBuckets = rollup.view('current_buckets', buckets).existing()

/** `currentBuckets` in its two parts, for who reads many short stretches and the pending rows only once. */
export const foldedBuckets = rollup.table('counts', buckets)
export const pendingCounts = rollup
  .view('pending_counts', { kind: kind(), bucket: bucket(), n: n() })
  .existing()

/** Live rows of each kind, as far as folded. */
export const foldedTotals = rollup.table('totals', { kind: kind(), n: n() })

/** Live rows of each kind. */
export const currentTotals = rollup.view('current_totals', { kind: kind(), n: n() }).existing()

/** Write statements ever committed to each kind's table. */
export const currentVersions = rollup.view('current_versions', { kind: kind(), n: n() }).existing()

/** What each user did on each UTC day; a row only where that was something. */
export const userDays = rollup.table(
  'user_days',
  {
    userId: bigint('user_id', { mode: 'number' }).notNull(),
    day: date('day', { mode: 'string' }).notNull(),
    posts: integer('posts').notNull(),
    comments: integer('comments').notNull(),
    sessions: integer('sessions').notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.day] })],
)

/** Distinct users active on a day, and in the 7 and 30 days that end with it, as far as folded. */
export const activeUsers = rollup.table('active_users', {
  day: date('day', { mode: 'string' }).primaryKey(),
  daily: bigint('daily', { mode: 'number' }).notNull(),
  weekly: bigint('weekly', { mode: 'number' }).notNull(),
  monthly: bigint('monthly', { mode: 'number' }).notNull(),
})

/** Steps not folded yet: from `day` on, `n` more users are active within `span` (1, 7 or 30) days. */
export const pendingActive = rollup
  .view('pending_active', {
    span: smallint('span').notNull(),
    day: date('day', { mode: 'string' }).notNull(),
    n: n(),
  })
  .existing()
