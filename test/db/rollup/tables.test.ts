import { sql } from 'drizzle-orm'
import type { PgTable, PgView } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, Pool } from '../../../src/db/database.ts'
import * as tables from '../../../src/db/rollup/tables.ts'
import { statement } from '../../../src/db/statement.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

const { rollup: _, spanLiteral, quarterHourOf, monthOf, ...rest } = tables
const relations = Object.entries<PgTable | PgView>(rest)

describe('the rollups, as queries see them', () => {
  const database = useDatabase()
  let pool: Pool
  const read = <Row>(work: (db: Database) => Promise<Row>) =>
    pool.transaction({ access: 'read only' }, work)

  beforeAll(async () => {
    pool = openTestPool(database.url)
    const user = await insertUser(database.sql, { created_at: '2020-02-29T10:20:30Z' })
    await insertComment(database.sql, { author_id: user.id })
    await database.sql`select rollup.fold()`
    await insertComment(database.sql, { author_id: user.id, created_at: '2020-03-01Z' })
  })
  afterAll(() => pool.close())

  it.each(relations)('%s has the columns it is declared with', async (_, relation) => {
    const all = statement('all', { reads: [] }, (db) => db.select().from(relation))
    expect(await read((db) => db.run(all))).not.toEqual([])
  })

  it('give a bucket as RFC 3339', async () => {
    const { bucket, span, signups } = tables.currentBuckets
    const buckets = statement('buckets', { reads: ['users'] }, (db) =>
      db.select({ span, bucket }).from(tables.currentBuckets).where(sql`${signups} = 1`),
    )
    expect(await read((db) => db.run(buckets))).toEqual(
      expect.arrayContaining([
        { span: 'month', bucket: '2020-02-01T00:00:00.000000Z' },
        { span: 'day', bucket: '2020-02-29T00:00:00.000000Z' },
        { span: 'quarter', bucket: '2020-02-29T10:15:00.000000Z' },
      ]),
    )
  })

  it('call quarter-hours and months what PostgreSQL calls them', async () => {
    const spans = statement(
      'spans',
      { reads: [] },
      () => sql<{ ok: boolean }>`
        select array[${spanLiteral('month')}, ${spanLiteral('day')}, ${spanLiteral('quarterHour')}]::rollup.span[]
          = enum_range(null::rollup.span)
          and ${quarterHourOf(sql`'2020-02-29T10:29:59Z'`)} = '2020-02-29T10:15:00Z'
          and ${monthOf(sql`'2020-02-29T23:59:59-01:00'`)} = '2020-03-01' as ok`,
    )
    expect(await read((db) => db.run(spans))).toEqual([{ ok: true }])
  })
})
