import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { bind, onlyRow } from '../../db/bound-statement.ts'
import { kindNumber, kindOfMetric, kindTable } from '../../db/rollup/kinds.ts'
import { validationFailed } from '../../errors/error.ts'
import { respond } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { requestHeaders } from '../../http/contract.ts'
import { read } from '../../http/responses.ts'
import { defaultBuckets, mostBuckets, tooManyBuckets } from './buckets.ts'
import { daysOf, mostDays } from './days.ts'
import { activeUsersExamples, statsExamples, trendsExamples } from './examples.ts'
import { activeUsersBetween, dashboardStats } from './queries.ts'
import { activeUsersQuery, activeUsersSchema } from './schemas/active-users.ts'
import { statsQuery, statsSchema } from './schemas/stats.ts'
import { trendsQuery, trendsSchema } from './schemas/trends.ts'
import { trends } from './trends.ts'

const showStats = createRoute({
  method: 'get',
  path: '/dashboard/stats',
  operationId: 'getDashboardStats',
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
    const { metric, interval, tz, from, to } = c.req.valid('query')
    const kinds = metric.map((name) => kindOfMetric[name])
    const reads = kinds.map((kind) => kindTable[kind].tableName)
    const bound = bind(trends, {
      interval,
      tz,
      from: from ?? null,
      to: to ?? null,
      kinds: kinds.map(kindNumber),
      buckets: defaultBuckets[interval],
    })
    return respond(c, { statement: { ...bound, reads }, tier: 'short' }, ([row]) => {
      if (!row?.body) throw validationFailed([tooManyBuckets])
      return { body: row.body }
    })
  })
