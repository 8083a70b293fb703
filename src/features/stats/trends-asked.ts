import type { z } from '@hono/zod-openapi'
import { type BoundStatement, bind } from '../../db/bound-statement.ts'
import { kindNumber, kindOfMetric, kindTable } from '../../db/rollup/kinds.ts'
import { validationFailed } from '../../errors/error.ts'
import type { JsonText } from '../../http/answer.ts'
import type { Report } from '../../http/report.ts'
import { defaultBuckets, tooManyBuckets } from './buckets.ts'
import { type Trends, trendsItem, trendsQuery } from './schemas/trends.ts'
import { trends } from './trends.ts'

type Found = { readonly body: JsonText<Trends> | null }

export function trendsStatementOf({
  metric,
  interval,
  tz,
  from,
  to,
}: z.infer<typeof trendsQuery>): BoundStatement<Found> {
  const kinds = metric.map((name) => kindOfMetric[name])
  const bounds = { from: from ?? null, to: to ?? null }
  const asked = { interval, tz, ...bounds, kinds: kinds.map(kindNumber) }
  return {
    ...bind(trends, { ...asked, buckets: defaultBuckets[interval] }),
    reads: kinds.map((kind) => kindTable[kind].tableName),
  }
}

/** @throws AppError validation_failed where the buckets are too many, which depends on the zone */
export function trendsOf([found]: readonly Found[]): JsonText<Trends> {
  if (!found?.body) throw validationFailed([tooManyBuckets])
  return found.body
}

export const trendsReport: Report = {
  resource: 'trends',
  filters: trendsQuery,
  item: trendsItem,
  async *batches(db, filters) {
    const statement = trendsStatementOf(trendsQuery.parse(filters))
    const { items }: Trends = JSON.parse(trendsOf(await statement.run(db)))
    yield { items: items.map((item) => JSON.stringify(item)), total: items.length }
  },
}
