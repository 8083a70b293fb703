import { describe, expect, it } from 'vitest'
import {
  activityKinds,
  kindNumber,
  kindOfMetric,
  kindOfTable,
  kinds,
  kindTable,
  metrics,
} from '../../../src/db/rollup/kinds.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertSession, insertUser } from '../../support/factories.ts'

describe('the kinds', () => {
  const database = useDatabase()
  const columnsOf = async (table: string) =>
    (
      await database.sql<{ name: string }[]>`
        select column_name as name from information_schema.columns
        where table_schema = 'rollup' and table_name = ${table} order by ordinal_position`
    ).map(({ name }) => name)

  it('are numbered in their order', () => {
    expect(kinds.map(kindNumber)).toEqual(kinds.map((_, i) => i))
  })

  it('are found by their table and by their metric', () => {
    for (const kind of kinds) {
      expect(kindOfTable[kindTable[kind].tableName]).toBe(kind)
      expect(kindOfMetric[kindTable[kind].metric]).toBe(kind)
    }
  })

  it('have the numbers, tables and columns that the migrations know', async () => {
    const { sql } = database
    const user = await insertUser(sql)
    await insertComment(sql, { author_id: user.id })
    await insertSession(sql, { user_id: user.id })
    for (const kind of kinds) {
      const [{ n } = {}] = await sql`
        select n from rollup.pending_counts where kind = ${kindNumber(kind)}
          and n = (select count(*) from ${sql(kindTable[kind].tableName)})`
      expect(n, kind).toBe('1')
    }
    expect(await columnsOf('counts')).toEqual([
      'span',
      'bucket',
      ...metrics,
      'inactive',
      'admins',
      'inactive_admins',
    ])
    expect(await columnsOf('user_days')).toEqual([
      'user_id',
      'day',
      ...activityKinds.map((kind) => kindTable[kind].metric),
    ])
  })

  it('belong to the user they make active', async () => {
    const days =
      await database.sql`select user_id, posts, comments, sessions from rollup.current_user_days`
    expect(days).toEqual([{ user_id: '1', posts: 0, comments: 1, sessions: 1 }])
  })
})
