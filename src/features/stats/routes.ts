import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { kindNumber, tableOfKind } from '../../db/rollup/tables.ts'
import { validationFailed } from '../../errors/error.ts'
import { respond } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { failures } from '../../http/responses.ts'
import { defaultBuckets, tooManyBuckets } from './buckets.ts'
import { daysOf } from './days.ts'
import { activeUsersBetween, dashboardStats } from './queries.ts'
import {
  type ActiveUsers,
  activeUsersQuery,
  activeUsersSchema,
  kindOf,
  type Stats,
  statsQuery,
  statsSchema,
  type Trends,
  trendsQuery,
  trendsSchema,
} from './schemas.ts'
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
    const tables = ['users', 'posts', 'comments', 'sessions'] as const
    return respond<Stats>(c, { name: 'dashboard_stats', tier: 'short', tables }, (db) =>
      theOne(db.run(dashboardStats, { days: window })),
    )
  })
  .openapi(listActiveUsers, async (c) => {
    const days = daysOf(c.req.valid('query'))
    const tables = ['posts', 'comments', 'sessions'] as const
    return respond<ActiveUsers>(c, { name: 'active_users', tier: 'short', tables }, (db) =>
      theOne(db.run(activeUsersBetween, days)),
    )
  })
  .openapi(listTrends, async (c) => {
    const { metric, interval, tz, from, to } = c.req.valid('query')
    const asked = metric.map((name) => kindOf[name])
    const question = {
      interval,
      tz,
      from: from ?? null,
      to: to ?? null,
      kinds: asked.map(kindNumber),
      buckets: defaultBuckets[interval],
    }
    const tables = asked.map((kind) => tableOfKind[kind])
    return respond<Trends>(c, { name: 'trends', tier: 'short', tables }, async (db) => {
      const [row] = await db.run(trends, question)
      if (!row?.body) throw validationFailed([tooManyBuckets])
      return { body: row.body }
    })
  })

/** What a statement that always gives one row gave. */
async function theOne<Body>(rows: Promise<{ body: Body }[]>): Promise<{ body: Body }> {
  const [row] = await rows
  if (!row) throw new Error('The statement gave no row')
  return row
}
