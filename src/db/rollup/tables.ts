import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { bigint, date, integer, pgSchema, smallint } from 'drizzle-orm/pg-core'
import { instant } from '../instant.ts'
import { activityKinds, kinds, kindTable, recordOf } from './kinds.ts'

/**
 * The rollups as queries see them: `current*` are folded and pending counts together, exact in any snapshot.
 * Their tables, triggers and the fold are made by migration. A trigger appends to `rollup.deltas` and does nothing else;
 * the fold alone writes the rest.
 */
export const rollup = pgSchema('rollup')

const n = () => bigint('n', { mode: 'number' }).notNull()
const kind = () => smallint('kind').notNull()
const bucket = () => instant('bucket').notNull()
const span = rollup.enum('span', ['month', 'day', 'quarter'])

/** The buckets there are, coarse to fine. */
export type Span = 'month' | 'day' | 'quarterHour'

/** PostgreSQL's name of a span as a literal: `quarter` there is a quarter of an hour. */
export const spanLiteral = (name: Span): SQL =>
  sql.raw(`'${name === 'quarterHour' ? 'quarter' : name}'`)

/** Where the quarter-hour that holds the instant begins. */
export const quarterHourOf = (instant: SQLWrapper): SQL => sql`rollup.quarter(${instant})`

/** The first day of the UTC month that holds the instant. */
export const monthOf = (instant: SQLWrapper): SQL =>
  sql`rollup.month_of(rollup.utc_day(${instant}))`

const buckets = {
  span: span('span').notNull(),
  bucket: bucket(),
  ...recordOf(kinds, (kind) => {
    const { metric } = kindTable[kind]
    return [metric, bigint(metric, { mode: 'number' }).notNull()]
  }),
  /** Signups too: of users that are not active, of admins, and of both at once. */
  inactive: bigint('inactive', { mode: 'number' }).notNull(),
  admins: bigint('admins', { mode: 'number' }).notNull(),
  inactiveAdmins: bigint('inactive_admins', { mode: 'number' }).notNull(),
}

const userTotals = {
  userId: bigint('user_id', { mode: 'number' }).notNull(),
  cohort: date('cohort', { mode: 'string' }),
  posts: bigint('posts', { mode: 'number' }).notNull(),
  comments: bigint('comments', { mode: 'number' }).notNull(),
}

/** Live rows created in each UTC month, day and quarter-hour. A bucket may stand in several rows: sum them. */
export const currentBuckets = rollup.view('current_buckets', buckets).existing()

/** `currentBuckets` in its two parts, for a statement that reads many short ranges and the pending rows only once. */
export const foldedBuckets = rollup.table('counts', buckets)
export const pendingCounts = rollup
  .view('pending_counts', {
    kind: kind(),
    bucket: bucket(),
    n: n(),
    /** Of signups, the class of the user: 0, 1 inactive, 2 an admin, 3 both. */
    flags: smallint('flags').notNull(),
  })
  .existing()

/** Live rows of each kind, as far as folded. */
export const foldedTotals = rollup.table('totals', { kind: kind(), n: n() })

/** Live rows of each kind. */
export const currentTotals = rollup.view('current_totals', { kind: kind(), n: n() }).existing()

/** Rows ever written to each kind's table, by anyone: its version. */
export const currentVersions = rollup.view('current_versions', { kind: kind(), n: n() }).existing()

/** Comments of each post, and whether it is live (`lives` = 1). A post may stand in several rows: sum them. */
export const currentPostComments = rollup
  .view('current_post_comments', {
    postId: bigint('post_id', { mode: 'number' }).notNull(),
    n: n(),
    lives: bigint('lives', { mode: 'number' }).notNull(),
  })
  .existing()

const userDays = {
  userId: bigint('user_id', { mode: 'number' }).notNull(),
  day: date('day', { mode: 'string' }).notNull(),
  ...recordOf(activityKinds, (kind) => {
    const { metric } = kindTable[kind]
    return [metric, integer(metric).notNull()]
  }),
}

/** What each user did on each UTC day. A day may stand in two rows: sum them. */
export const currentUserDays = rollup.view('current_user_days', userDays).existing()

/** `currentUserDays` in its two parts. */
export const foldedUserDays = rollup.table('user_days', userDays)
export const pendingUserDays = rollup.view('pending_user_days', userDays).existing()

/** Distinct users active on a day, and in the 7 and 30 days that end with it, as far as folded. */
export const activeUsers = rollup.table('active_users', {
  day: date('day', { mode: 'string' }).primaryKey(),
  daily: bigint('daily', { mode: 'number' }).notNull(),
  weekly: bigint('weekly', { mode: 'number' }).notNull(),
  monthly: bigint('monthly', { mode: 'number' }).notNull(),
})

/** What each user made, and the UTC month they signed up in: null where no live user has the id. As far as folded. */
export const foldedUserTotals = rollup.table('user_totals', userTotals)

/** The same of the users that something is pending of, as they stand with it. */
export const pendingUserTotals = rollup.view('pending_user_totals', userTotals).existing()

const cell = {
  cohort: date('cohort', { mode: 'string' }).notNull(),
  month: date('month', { mode: 'string' }).notNull(),
  n: n(),
}

/** Live users of a cohort with an active day in a month, as far as folded; no month before the cohort's own. */
export const foldedRetention = rollup.table('retention', cell)

/** What is not folded of it yet. */
export const pendingRetention = rollup.view('pending_retention', cell).existing()

/** Steps not folded yet: from `day` on, `n` more users are active within `span` (1, 7 or 30) days. */
export const pendingActive = rollup
  .view('pending_active', {
    span: smallint('span').notNull(),
    day: date('day', { mode: 'string' }).notNull(),
    n: n(),
  })
  .existing()
