import { randomUUID } from 'node:crypto'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { connectTo, createTestDatabase } from '../support/database.ts'

describe('SEARCH_LANGUAGE', () => {
  const databaseOf = async (options = { migrated: true }) => {
    const database = await createTestDatabase(options)
    onTestFinished(database.drop)
    const finds = async (word: string) => {
      const found = await database.sql`
        select from posts where document @@ websearch_to_tsquery('rollup.search', ${word})`
      return found.length
    }
    return { ...database, finds }
  }

  it('is english in a new database, or what was asked for', async () => {
    const english = await databaseOf()
    await english.sql`insert into posts (title) values ('running')`
    expect(await english.finds('runs')).toBe(1)
    const german = await databaseOf({ migrated: false })
    await migrate(german.url, { searchLanguage: 'german' })
    await german.sql`insert into posts (title) values ('Häuser')`
    expect(await german.finds('Haus')).toBe(1)
  })

  it('is changed by a migration, which says so and finds what was there before', async () => {
    const { url, sql, finds } = await databaseOf()
    await sql`insert into posts (title, body) values ('Häuser', 'runs'), ('the', '')`
    expect([await finds('Haus'), await finds('running')]).toEqual([0, 1])
    const said: string[] = []
    await migrate(url, { searchLanguage: 'german', onHeldUp: (sentence) => said.push(sentence) })
    expect(said).toEqual([
      'Posts were searched in english; what is indexed of them is written anew, in german, and they wait.',
    ])
    expect([await finds('Haus'), await finds('running'), await finds('the')]).toEqual([1, 0, 1])
    await migrate(url, { searchLanguage: 'german', onHeldUp: (sentence) => said.push(sentence) })
    await migrate(url)
    expect(said).toHaveLength(1)
    expect(await finds('Haus')).toBe(1)
  })

  it('leaves PostgreSQL statistics to expect matches by', async () => {
    const { url, sql } = await databaseOf()
    await sql`insert into posts (title) select 'running ' || i from generate_series(1, 300) as i`
    await migrate(url, { searchLanguage: 'german' })
    const [expected] = await sql`
      select rollup.expected_posts(to_tsquery('rollup.search', 'running'))::int as common, rollup.expected_posts('rare')::int as rare`
    expect(expected).toEqual({ common: 300, rare: 1 })
  })

  it('is refused in a sentence where PostgreSQL does not know it, and nothing changes', async () => {
    const { url, sql, finds } = await databaseOf()
    await sql`insert into posts (title) values ('running')`
    await expect(migrate(url, { searchLanguage: 'klingon' })).rejects.toThrow(
      /^SEARCH_LANGUAGE should be a text search configuration of the database \(.*english, .*simple.*\); it is klingon$/,
    )
    expect(await finds('runs')).toBe(1)
  })

  it('is refused where it is another and nothing may be migrated', async () => {
    const { url } = await databaseOf()
    await expect(migrate(url, { searchLanguage: 'german', isMigrating: false })).rejects.toThrow(
      /^posts are searched in english: run ".*migrate", or set MIGRATE=on$/,
    )
    expect(await migrate(url, { searchLanguage: 'english', isMigrating: false })).toBe('current')
  })

  it('is followed by statements that were prepared before', async () => {
    const { url, sql, finds } = await databaseOf()
    await sql`insert into posts (title) values ('Häuser')`
    for (let i = 0; i < 7; i++) expect(await finds('Haus')).toBe(0)
    await migrate(url, { searchLanguage: 'german' })
    for (let i = 0; i < 7; i++) expect(await finds('Haus')).toBe(1)
  })
})

describe('what is indexed of a post', () => {
  it('is bounded, so that no body makes its write slow or fail', async () => {
    const { sql, drop } = await createTestDatabase()
    onTestFinished(drop)
    const words = Array.from({ length: 90_000 }, (_, i) => `w${i}`).join(' ')
    await sql`set statement_timeout = '5s'`
    const bodies = [
      'a_'.repeat(200_000),
      'a-1.'.repeat(100_000),
      'x'.repeat(1_000_000),
      words,
      '🦊'.repeat(100_000),
    ]
    for (const body of bodies) await sql`insert into posts (title, body) values (${body}, ${body})`
    expect((await sql`select from posts where document @@ 'w4000'`).length).toBe(1)
  })

  it('is nothing once it is deleted, and all again when it is restored', async () => {
    const { sql, drop } = await createTestDatabase()
    onTestFinished(drop)
    const found = () => sql`select from posts where document @@ 'appl'`
    await sql`insert into posts (title) values ('apple')`
    await sql`update posts set deleted_at = now()`
    expect(await found()).toHaveLength(0)
    await sql`update posts set deleted_at = null`
    expect(await found()).toHaveLength(1)
  })
})

describe('the extension pg_trgm', () => {
  it('serves from whatever schema it stands in', async () => {
    const { url, sql, drop } = await createTestDatabase({ migrated: false })
    onTestFinished(drop)
    await sql`create schema extensions`
    await sql`create extension pg_trgm schema extensions`
    await migrate(url)
    const [found] =
      await sql`select rollup.has_trigrams('anna') as "anna", rollup.has_trigrams('ab') as ab`
    expect(found).toEqual({ anna: true, ab: false })
  })

  it('is missed in a sentence that says what it takes', async () => {
    const { url, sql, drop } = await createTestDatabase({ migrated: false })
    onTestFinished(drop)
    const name = `unprivileged_${randomUUID().slice(0, 8)}`
    await sql.unsafe(
      `create role ${name} login password 'x'; grant create on schema public to ${name}`,
    )
    await sql.unsafe(
      `create schema rollup authorization ${name}; create schema drizzle authorization ${name}`,
    )
    onTestFinished(() =>
      sql.unsafe(`drop owned by ${name} cascade; drop role ${name}`).then(() => {}),
    )
    const migrations = readMigrationFiles({ migrationsFolder: 'drizzle' })
    const migration =
      migrations.flatMap((each) => each.sql).find((text) => text.includes('create extension')) ?? ''
    const own = connectTo(Object.assign(new URL(url), { username: name, password: 'x' }).toString())
    await expect(own.unsafe(migration)).rejects.toThrow(
      /^the role \w+ may not create the extension pg_trgm: grant create on database \w+ to \w+; or, as a superuser there, create extension pg_trgm;$/,
    )
    await own.end({ timeout: 1 })
  })
})
