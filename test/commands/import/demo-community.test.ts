import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { demo } from '../../../src/commands/demo/demo.ts'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'
import { directoryOf, importFiles, importFrom } from './directory.ts'

const until = new Date('2026-03-01T00:00:00Z')
const database = useDatabase()
let pool: Pool
beforeAll(() => {
  pool = openTestPool(database.url)
})
afterAll(() => pool.close())
beforeEach(async () => {
  await database.sql`truncate users, posts, comments, sessions restart identity cascade`
  await demo({ databaseUrl: database.url, users: 20, until })
})

const files = {
  'users.csv': 'id,username\n1,Ann\n2,Ben\n',
  'posts.csv': 'id,author_id\n1,1\n2,7\n',
  'comments.csv': 'id,post_id,author_id,body\n1,1,2,hi\n',
}
const importing = (options = {}) => importFiles(database.url, files, options)
const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)
const users = async () => {
  const rows = await database.sql<{ username: string }[]>`select username from users order by id`
  return rows.map(({ username }) => username)
}

describe('an import into a demo community', () => {
  it('is refused in a sentence that names --replace', async () => {
    await expect(importing()).rejects.toThrow(/^This database holds a demo community, .*--replace/)
    expect(await users()).toHaveLength(20)
  })

  it('replaces it, and nothing of it is left', async () => {
    const { summary, table } = await importing({ isReplacing: true })
    expect(summary.replaced).toEqual({ users: 20, posts: 200, comments: 1000, sessions: 200 })
    expect(table('posts')).toMatchObject({ kept: 2, skipped: 0, authorsSetNull: 1 })
    expect(await users()).toEqual(['Ann', 'Ben'])
    expect(await database.sql`select from rollup.demo`).toEqual([])
    expect(await drifted()).toEqual([])
    expect((await importing()).table('users')).toMatchObject({ skipped: 2 })
  })

  it('asks where it can, and goes by the answer', async () => {
    const asked = (answer: boolean) => importing({ mayReplace: async () => answer })
    await expect(asked(false)).rejects.toThrow('The demo community stays.')
    expect((await asked(true)).table('users')).toMatchObject({ kept: 2 })
  })

  it('leaves the demo as it was when it fails or was a trial', async () => {
    const { summary } = await importing({ isReplacing: true, isDryRun: true })
    expect(summary).toMatchObject({ isCommitted: false, replaced: { users: 20 } })
    const strict = { 'users.csv': 'id,username\n1,Ann\n2,\n' }
    await importFiles(database.url, strict, { isReplacing: true, isStrict: true })
    expect(await users()).toHaveLength(20)
    expect(await database.sql`select from rollup.demo`).toHaveLength(1)
    expect(await drifted()).toEqual([])
  })

  it('refuses to replace it while other people’s rows hang on it', async () => {
    const { id } = await insertUser(database.sql)
    await insertComment(database.sql, { post_id: 3, author_id: id })
    await expect(importing({ isReplacing: true })).rejects.toThrow(
      'To have it so: npm run shopboard -- demo --clear --force.',
    )
    expect(await users()).toHaveLength(21)
  })

  it('blocks no reader meanwhile', async () => {
    const { sql } = database
    const holder = await sql.reserve()
    await holder`begin`
    await holder`lock table rollup.folding in exclusive mode`
    const replacing = importing({ isReplacing: true })
    await expect
      .poll(
        () => sql`select from pg_stat_activity where datname = current_database()
          and application_name = 'shopboard bulk' and wait_event_type = 'Lock'`,
      )
      .toHaveLength(1)
    expect(await users()).toHaveLength(20)
    expect(await sql`select n::integer from rollup.current_totals where kind = 2`).toEqual([
      { n: 20 },
    ])
    expect(await drifted()).toEqual([])
    await holder`rollback`
    holder.release()
    await replacing
    expect(await drifted()).toEqual([])
  })

  it('stays exact beside writers and folds', async () => {
    const { id } = await insertUser(database.sql)
    let isOver = false
    const writing = (async () => {
      while (!isOver) {
        await database.sql`insert into posts (author_id) values (${id})`
        await database.sql`select rollup.fold()`
      }
    })()
    const { summary } = await importing({ isReplacing: true }).finally(() => {
      isOver = true
    })
    await writing
    expect(summary.replaced).toMatchObject({ users: 20 })
    expect(await drifted()).toEqual([])
  })

  it('notices one that is made while it works', async () => {
    await database.sql`truncate users, posts, comments, sessions cascade`
    const directory = await directoryOf(files)
    const making = demo({ databaseUrl: database.url, users: 20, until })
    const both = await Promise.allSettled([making, importFrom(database.url, directory)])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await drifted()).toEqual([])
  })

  it('does not mind a demo whose rows are gone', async () => {
    await database.sql`truncate users, posts, comments, sessions cascade`
    expect((await importing()).table('users')).toMatchObject({ kept: 2 })
    expect(await database.sql`select from rollup.demo`).toEqual([])
  })
})
