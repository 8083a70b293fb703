import { describe, expect, it } from 'vitest'
import { demo } from '../../../src/commands/demo/demo.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { useDatabase } from '../../support/database.ts'
import { insertPost, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()

describe('reserveIds', () => {
  it('lets others write all the time, while it waits for a long transaction too', async () => {
    const { sql } = database
    await insertUser(sql)
    const long = await sql.reserve()
    await long`begin`
    await insertPost(long)
    let isOver = false
    const appending = demo({ databaseUrl: database.url, users: 30, append: true }).finally(() => {
      isOver = true
    })
    for (let written = 0; written < 20; written++) await insertPost(sql)
    expect(isOver).toBe(false)
    await long`commit`
    long.release()
    while (!isOver) await insertPost(sql)
    expect(await appending).toMatchObject({ users: 30, posts: 300 })

    const pool = openTestPool(database.url)
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
    await pool.close()
    const [strays] = await sql`
      select count(*)::integer as n from comments c join posts p on p.id = c.post_id where p.author_id is null`
    expect(strays).toEqual({ n: 0 })
  })
})
