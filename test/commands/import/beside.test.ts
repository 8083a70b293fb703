import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { useDatabase } from '../../support/database.ts'
import { insertPost, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'
import { enableTriggers } from '../../support/triggers.ts'
import { directoryOf, importFiles, importFrom, postsCsv } from './directory.ts'

const database = useDatabase()
let pool: Pool
beforeAll(() => {
  pool = openTestPool(database.url)
})
afterAll(() => pool.close())
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)

/** Does it again and again until `work` is over; returns what it made and what came of `work`. */
async function meanwhile<Made, Result>(work: Promise<Result>, again: () => Promise<Made>) {
  let isOver = false
  const made: Made[] = []
  const others = (async () => {
    while (!isOver) made.push(await again())
  })()
  const result = await work.finally(() => {
    isOver = true
  })
  await others
  return { made, result }
}

describe('import beside others', () => {
  it('gives writers ids past the imported ones', async () => {
    const importing = importFiles(database.url, { 'posts.csv': postsCsv(20_000) })
    const { made, result } = await meanwhile(importing, () =>
      Promise.all([1, 2, 3].map(() => insertPost(database.sql))),
    )
    const { kept, skipped } = result.table('posts')
    expect(kept + skipped).toBe(20_000)
    expect(await database.sql`select from posts`).toHaveLength(kept + 3 * made.length)
    expect(await drifted()).toEqual([])
  })

  it('settles one import at a time', async () => {
    const directory = await directoryOf({ 'users.csv': 'id,username\n1,Ann\n2,Ben\n' })
    const both = await Promise.all([1, 2, 3].map(() => importFrom(database.url, directory)))
    expect(both.reduce((sum, { table }) => sum + table('users').kept, 0)).toBe(2)
    expect(await drifted()).toEqual([])
  })

  it('leaves the rollups exact in every snapshot, whatever others write and fold', async () => {
    let round = 0
    await fc.assert(
      fc.asyncProperty(rowsOf, fc.array(fc.nat(1000), { minLength: 20 }), async (rows, picks) => {
        const { sql } = database
        // Ids of their own: only what the rows refer to is shared.
        const files = filesOf(rows, ++round * 1000)
        await sql`
          select setval('users_id_seq', greatest(nextval('users_id_seq'), 500)), setval('posts_id_seq', greatest(nextval('posts_id_seq'), 500))`
        await sql`insert into users (id, username) select i, 'u' from generate_series(1, 20) as i on conflict do nothing`
        await sql`insert into posts (id) select i from generate_series(1, 20) as i on conflict do nothing`
        let turn = 0
        const write = () => liveWrite(picks[turn++ % picks.length] ?? 0)
        const importing = meanwhile(importFiles(database.url, files), write)
        const { made, result } = await meanwhile(importing, drifted)
        expect(made.flat()).toEqual([])
        expect(await drifted()).toEqual([])
        await sql`select rollup.fold()`
        expect(await drifted()).toEqual([])
        expect(result.result.table('users').kept).toBe(rows.users.length)
      }),
      { numRuns: Number(process.env.ROLLUP_RUNS ?? 8), endOnFailure: true },
    )
  })

  it('counts a crowd that grows by it', async () => {
    const { sql } = database
    await sql`
      insert into posts (created_at)
      select timestamptz '2020-01-01Z' + i * interval '1 ms' from generate_series(1, 5000) as i`
    await sql`select rollup.fold()`
    const rows = Array.from({ length: 5000 }, (_, at) => `${9000 + at},2020-01-01T00:00:02Z`)
    await importFiles(database.url, { 'posts.csv': ['id,created_at', ...rows].join('\n') })
    expect(await drifted()).toEqual([])
    const [crowd] =
      await sql`select count(*)::integer > 3 as "isCut", sum(n)::integer as n from rollup.segments`
    expect(crowd).toEqual({ isCut: true, n: 10_000 })
  })

  it('leaves nothing pending', async () => {
    const { id } = await insertUser(database.sql)
    await importFiles(database.url, { 'posts.csv': `id,author_id\n1,${id}\n2,${id}\n` })
    expect(await database.sql`select from rollup.deltas`).toHaveLength(0)
  })

  it('waits for a fold under way', async () => {
    const { sql } = database
    const folding = await sql.reserve()
    await folding`begin`
    await folding`select rollup.fold()`
    const importing = importFiles(database.url, { 'posts.csv': 'id\n1\n' })
    await expect
      .poll(
        () =>
          sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%load_last%' and datname = current_database()`,
      )
      .toHaveLength(1)
    await folding`commit`
    folding.release()
    expect((await importing).table('posts').kept).toBe(1)
    expect(await drifted()).toEqual([])
  })

  it('counts by the triggers, and says so, where they are not as they were made', async () => {
    const { sql } = database
    await sql`alter table posts disable trigger all`
    await sql`alter table posts enable trigger all`
    const { notes } = await importFiles(database.url, { 'posts.csv': 'id\n1\n2\n' })
    expect(notes).toContain(
      'A trigger of Shopboard\'s: posts rollup_insert_replica does not fire in replica role alone. Run "verify".',
    )
    expect((await drifted()).map(({ rollup }) => rollup)).toEqual(['triggers'])
    await enableTriggers(sql, 'posts')
  })
})

type Row = { readonly user: number; readonly post: number; readonly minute: number }
type Rows = Readonly<Record<'users' | 'posts' | 'comments' | 'sessions', readonly Row[]>>

const some = fc.array(
  fc.record({ user: fc.nat(39), post: fc.nat(39), minute: fc.nat(60 * 24 * 40) }),
  { maxLength: 60 },
)
const rowsOf = fc.record({ users: some, posts: some, comments: some, sessions: some })

/** Of users and posts below 20 those that others have, from there on those of the import. */
function filesOf({ users, posts, comments, sessions }: Rows, base: number) {
  const parent = (n: number) => (n < 20 ? n + 1 : base + n - 20)
  const at = (minute: number) => new Date(Date.UTC(2020, 0, 1, 0, minute)).toISOString()
  const csv = (header: string, rows: readonly Row[], cells: (row: Row) => unknown[]) =>
    [
      header,
      ...rows.map((row, n) =>
        [base + n, ...cells(row), at(row.minute), row.minute % 9 === 0 ? at(row.minute) : ''].join(
          ',',
        ),
      ),
    ].join('\n')
  return {
    'users.csv': csv('id,username,created_at,deleted_at', users, () => ['x']),
    'posts.csv': csv('id,author_id,created_at,deleted_at', posts, (row) => [parent(row.user)]),
    'comments.csv': csv('id,post_id,author_id,body,created_at,deleted_at', comments, (row) => [
      parent(row.post),
      parent(row.user),
      '',
    ]),
    'sessions.csv': csv('id,user_id,created_at,deleted_at', sessions, (row) => [parent(row.user)]),
  }
}

/** What a running server does meanwhile, and its fold; what collides with another writer is left. */
async function liveWrite(n: number): Promise<unknown> {
  const { sql } = database
  const user = sql`(select id from users order by id % ${1 + (n % 13)}, id limit 1)`
  const at = new Date(Date.UTC(2020, 0, 1 + (n % 40), n % 24)).toISOString()
  const live = [
    () => sql`insert into posts (author_id, created_at) values (${user}, ${at})`,
    () =>
      sql`insert into comments (post_id, author_id, body, created_at) select id, ${user}, '', ${at} from posts where id % 3 = ${n % 3} limit 5`,
    () =>
      sql`insert into sessions (user_id, created_at) select id, ${at} from users where id % 5 = ${n % 5} limit 5`,
    () => sql`update posts set deleted_at = now() where id % 4 = ${n % 4}`,
    () => sql`delete from posts where id % 20 = ${n % 20}`,
    () => sql`delete from users where id % 20 = ${n % 20}`,
    () => sql`select rollup.fold()`,
    () => sql`select rollup.fold()`,
  ][n % 8]
  return live?.().catch((error) => {
    if (!['40P01', '23503'].includes(error.code)) throw error
  })
}
