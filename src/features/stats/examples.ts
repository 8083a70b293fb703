import type { ActiveUsers } from './schemas/active-users.ts'
import type { Leaders } from './schemas/leaders.ts'
import type { Retention } from './schemas/retention.ts'
import type { Stats } from './schemas/stats.ts'
import type { Trends } from './schemas/trends.ts'

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const statsExamples = {
  week: {
    summary: 'GET /api/v1/dashboard/stats?window=7d',
    value: {
      asOf: '2026-11-21T05:51:32.821961Z',
      totals: { users: 300, posts: 3000, comments: 15000, sessions: 3000 },
      active: { now: 0, day: 0, week: 75, month: 100 },
      new: {
        today: { users: 0, posts: 0, comments: 0, sessions: 0 },
        window: { users: 3, posts: 45, comments: 193, sessions: 34 },
        previous: { users: 3, posts: 47, comments: 222, sessions: 46 },
        changePct: { users: 0, posts: -4.26, comments: -13.06, sessions: -26.09 },
      },
    },
  },
} satisfies Record<string, { summary: string; value: Stats }>

export const activeUsersExamples = {
  threeDays: {
    summary: 'GET /api/v1/dashboard/active-users?from=2026-11-18&to=2026-11-20',
    value: {
      asOf: '2026-11-21T05:51:32.954731Z',
      items: [
        { date: '2026-11-18', day: 27, week: 80, month: 100 },
        { date: '2026-11-19', day: 26, week: 83, month: 101 },
        { date: '2026-11-20', day: 23, week: 79, month: 101 },
      ],
    },
  },
} satisfies Record<string, { summary: string; value: ActiveUsers }>

export const trendsExamples = {
  daysOfLisbon: {
    summary:
      'GET /api/v1/dashboard/trends?metric=posts,signups&from=2026-11-18&to=2026-11-20&tz=Europe/Lisbon',
    value: {
      asOf: '2026-11-21T05:51:33.007182Z',
      items: [
        { start: '2026-11-18T00:00:00.000000Z', posts: 4, signups: 1 },
        { start: '2026-11-19T00:00:00.000000Z', posts: 12, signups: 1 },
      ],
    },
  },
  months: {
    summary:
      'GET /api/v1/dashboard/trends?metric=comments&interval=month&from=2026-09-01&to=2026-11-01',
    value: {
      asOf: '2026-11-21T05:51:33.055604Z',
      items: [
        { start: '2026-09-01T00:00:00.000000Z', comments: 1006 },
        { start: '2026-10-01T00:00:00.000000Z', comments: 1102 },
      ],
    },
  },
} satisfies Record<string, { summary: string; value: Trends }>

export const retentionExamples = {
  quarter: {
    summary: 'GET /api/v1/dashboard/retention?from=2026-07&to=2026-09&months=2',
    value: {
      asOf: '2026-11-21T05:51:33.104218Z',
      items: [
        { cohort: '2026-07', size: 13, active: [11, 9], complete: [true, true] },
        { cohort: '2026-08', size: 15, active: [7, 6], complete: [true, true] },
        { cohort: '2026-09', size: 14, active: [12, 7], complete: [true, true] },
      ],
    },
  },
} satisfies Record<string, { summary: string; value: Retention }>

export const leadersExamples = {
  october: {
    summary: 'GET /api/v1/dashboard/leaders?by=posts&from=2026-10-01&to=2026-11-01&limit=3',
    value: {
      asOf: '2026-11-21T05:51:33.151903Z',
      items: [
        { user: { id: 185, username: 'grace_kaya' }, posts: 19, comments: 27 },
        { user: { id: 10, username: 'anna.blanc415' }, posts: 14, comments: 200 },
        { user: { id: 203, username: 'priyameyer707' }, posts: 11, comments: 0 },
      ],
    },
  },
} satisfies Record<string, { summary: string; value: Leaders }>
