import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { bind, onlyRow } from '../../db/bound-statement.ts'
import { kindNumber, kindOfMetric, kindTable } from '../../db/rollup/kinds.ts'
import { validationFailed } from '../../errors/error.ts'
import { respond } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { failures } from '../../http/responses.ts'
import { defaultBuckets, tooManyBuckets } from './buckets.ts'
import { daysOf } from './days.ts'
import { activeUsersBetween, dashboardStats } from './queries.ts'
import { activeUsersQuery, activeUsersSchema } from './schemas/active-users.ts'
import { statsQuery, statsSchema } from './schemas/stats.ts'
import { trendsQuery, trendsSchema } from './schemas/trends.ts'
import { trends } from './trends.ts'

const json = <Schema>(description: string, schema: Schema) => ({
  200: { description, content: { 'application/json': { schema } } },
  ...failures('validation_failed'),
})

const showStats = createRoute({
  method: 'get',
  path: '/dashboard/stats',
  tags: ['Dashboard'],
  summary: 'Totals, active users and what is new, exact as of one snapshot',
  request: { query: statsQuery },
  responses: json('The numbers of the dashboard', statsSchema),
})

const listActiveUsers = createRoute({
  method: 'get',
  path: '/dashboard/active-users',
  tags: ['Dashboard'],
  summary: 'Distinct users with a post, comment or session, per UTC day',
  request: { query: activeUsersQuery },
  responses: json('One item a day, oldest first', activeUsersSchema),
})

const listTrends = createRoute({
  method: 'get',
  path: '/dashboard/trends',
  tags: ['Dashboard'],
  summary: 'New posts, comments, sign-ups and sessions per hour, day, week or month of a time zone',
  request: { query: trendsQuery },
  responses: json('One item a bucket, oldest first, also where nothing happened', trendsSchema),
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
