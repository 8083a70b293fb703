import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { bind, onlyRow } from '../../db/bound-statement.ts'
import { respond } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { requestHeaders } from '../../http/contract.ts'
import { read } from '../../http/responses.ts'
import { requires } from '../../http/security.ts'
import { mostBuckets } from './buckets.ts'
import { daysOf, mostDays } from './days.ts'
import {
  activeUsersExamples,
  leadersExamples,
  retentionExamples,
  statsExamples,
  trendsExamples,
} from './examples.ts'
import { leaders } from './leaders.ts'
import { leadersBetween } from './leaders-between.ts'
import { mostCohorts } from './months.ts'
import { activeUsersBetween, dashboardStats } from './queries.ts'
import { retention } from './retention.ts'
import { activeUsersQuery, activeUsersSchema } from './schemas/active-users.ts'
import { leadersQuery, leadersSchema, mostLeaders } from './schemas/leaders.ts'
import { retentionQuery, retentionSchema } from './schemas/retention.ts'
import { statsQuery, statsSchema } from './schemas/stats.ts'
import { trendsQuery, trendsSchema } from './schemas/trends.ts'
import { trendsOf, trendsStatementOf } from './trends-asked.ts'

const showStats = createRoute({
  method: 'get',
  path: '/dashboard/stats',
  operationId: 'getDashboardStats',
  security: requires('read'),
  tags: ['Dashboard'],
  summary: 'Totals, active users and what is new',
  description:
    'One statement in one snapshot, so that all numbers agree. Rows that are deleted are not counted.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: statsQuery },
  responses: read({
    description: 'The numbers of the dashboard',
    schema: statsSchema,
    examples: statsExamples,
  }),
})

const listActiveUsers = createRoute({
  method: 'get',
  path: '/dashboard/active-users',
  operationId: 'listActiveUsers',
  security: requires('read'),
  tags: ['Dashboard'],
  summary: 'Distinct users with a post, comment or session, per UTC day',
  description: `For one \`date\`, or for each day \`from\` … \`to\`: at most ${mostDays}.`,
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: activeUsersQuery },
  responses: read({
    description: 'One item a day, oldest first',
    schema: activeUsersSchema,
    examples: activeUsersExamples,
  }),
})

const listTrends = createRoute({
  method: 'get',
  path: '/dashboard/trends',
  operationId: 'listTrends',
  security: requires('read'),
  tags: ['Dashboard'],
  summary: 'New posts, comments, sign-ups and sessions per hour, day, week or month of a time zone',
  description: `Half open: \`from\` is counted and \`to\` is not. At most ${mostBuckets} buckets.`,
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: trendsQuery },
  responses: read({
    description: 'One item a bucket, oldest first, also where nothing happened',
    schema: trendsSchema,
    examples: trendsExamples,
  }),
})

const listRetention = createRoute({
  method: 'get',
  path: '/dashboard/retention',
  operationId: 'listRetention',
  security: requires('read'),
  tags: ['Dashboard'],
  summary: 'How many of a month’s sign-ups were active in each month since',
  description: `Months of UTC. A user is active in a month with a live post, comment or session in it: what happened, not when they were last seen. At most ${mostCohorts} cohorts.`,
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: retentionQuery },
  responses: read({
    description: 'One item a cohort, oldest first, also where nobody signed up',
    schema: retentionSchema,
    examples: retentionExamples,
  }),
})

const listLeaders = createRoute({
  method: 'get',
  path: '/dashboard/leaders',
  operationId: 'listLeaders',
  security: requires('read'),
  tags: ['Dashboard'],
  summary: 'Who posted or commented most',
  description: `Of all times, or of the UTC days \`from\` … \`to\`, half open: \`from\` is counted and \`to\` is not. At most ${mostLeaders}; nobody who is deleted, or has none.`,
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: leadersQuery },
  responses: read({
    description: 'One item a user, most first; where they have as many, by id',
    schema: leadersSchema,
    examples: leadersExamples,
  }),
})

/** Mounted under /api/v1. */
export const stats = new OpenAPIHono<AppEnv>()
  .openapi(showStats, async (c) => {
    const { window } = c.req.valid('query')
    const statement = bind(dashboardStats, { days: window })
    return respond(c, { statement, tier: 'short' }, onlyRow)
  })
  .openapi(listActiveUsers, async (c) => {
    const statement = bind(activeUsersBetween, daysOf(c.req.valid('query')))
    return respond(c, { statement, tier: 'short' }, onlyRow)
  })
  .openapi(listTrends, async (c) => {
    const statement = trendsStatementOf(c.req.valid('query'))
    return respond(c, { statement, tier: 'short' }, (rows) => ({ body: trendsOf(rows) }))
  })
  .openapi(listRetention, async (c) => {
    const { from = null, to = null, months } = c.req.valid('query')
    const statement = bind(retention, { from, to, months })
    return respond(c, { statement, tier: 'short' }, onlyRow)
  })
  .openapi(listLeaders, async (c) => {
    const { by, from = null, to = null, limit } = c.req.valid('query')
    const statement =
      from === null && to === null
        ? bind(leaders[by], { limit })
        : bind(leadersBetween[by], { from, to, limit })
    return respond(c, { statement, tier: 'short' }, onlyRow)
  })
