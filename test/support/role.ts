import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { connectTo, type TestDatabase, type TestSql } from './database.ts'

/** A role of one's own with these grants (`ROLE` stands for its name), gone after the tests. */
export function useRole(database: Pick<TestDatabase, 'url' | 'sql'>, grants: string) {
  const name = `stranger_${randomUUID().replaceAll('-', '')}`
  let sql: TestSql
  const urlOf = () =>
    Object.assign(new URL(database.url), { username: name, password: 'strange' }).toString()
  beforeAll(async () => {
    await database.sql.unsafe(`create role ${name} login password 'strange'`)
    await database.sql.unsafe(grants.replaceAll('ROLE', name))
    sql = connectTo(urlOf())
  })
  afterAll(async () => {
    await sql.end({ timeout: 1 })
    await database.sql.unsafe(`drop owned by ${name}; drop role ${name}`)
  })
  return {
    name,
    get url() {
      return urlOf()
    },
    get sql() {
      return sql
    },
  }
}
