import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, inject } from 'vitest'

export type TestSql = postgres.Sql<{ instant: string }>

export type TestDatabase = {
  readonly url: string
  readonly sql: TestSql
  /** Closes `sql` and drops the database, whoever is still connected to it. */
  readonly drop: () => Promise<void>
}

/** postgres.js would take an instant through a `Date`, both ways, and lose its microseconds. */
const microseconds = {
  to: 1184,
  from: [1184],
  serialize: (text: string) => text,
  parse: (text: string) => text,
}

/** A database of one's own: a copy of the migrated template, or an empty one. */
export async function createTestDatabase({
  migrated = true,
  locale = '',
} = {}): Promise<TestDatabase> {
  const name = `shopboard_test_${randomUUID().replaceAll('-', '')}`
  const origin = migrated ? inject('template') : 'template0'
  await asAdmin((admin) =>
    admin.unsafe(`create database ${name} template ${origin} ${locale} strategy file_copy`),
  )
  const url = Object.assign(new URL(inject('adminUrl')), { pathname: `/${name}` }).toString()
  const sql = connectTo(url)
  return {
    url,
    sql,
    async drop() {
      await sql.end({ timeout: 1 })
      await asAdmin((admin) => admin.unsafe(`drop database if exists ${name} with (force)`))
    },
  }
}

/** Connects when first asked; instants keep their microseconds. */
export const connectTo = (url: string): TestSql =>
  postgres(url, {
    max: 5,
    onnotice: () => {},
    connection: { TimeZone: 'UTC' },
    types: { instant: microseconds },
  })

/** A database for the tests of one `describe` or file, made before and dropped after them. */
export function useDatabase(): Pick<TestDatabase, 'url' | 'sql'> {
  let database: TestDatabase | undefined
  const current = () => {
    if (!database)
      throw new Error('The database is there while tests run, not while they are collected')
    return database
  }
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database?.drop())
  return {
    get url() {
      return current().url
    },
    get sql() {
      return current().sql
    },
  }
}

async function asAdmin(work: (admin: postgres.Sql) => Promise<unknown>): Promise<void> {
  const admin = postgres(inject('adminUrl'), { max: 1, onnotice: () => {} })
  try {
    await work(admin)
  } finally {
    await admin.end({ timeout: 5 })
  }
}
