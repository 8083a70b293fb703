import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { posts } from '../../../src/db/schema.ts'
import { type Placeholders, statement } from '../../../src/db/statement.ts'
import { usePool } from '../../support/pool-test.ts'
import { one } from '../../support/statements.ts'

const test = usePool()
const { database, request } = test

const setTitle = statement(
  'set_title',
  { reads: [] },
  (db, { id, title }: Placeholders<{ id: number; title: string }>) =>
    db
      .update(posts)
      .set({ title: sql`${posts.title} || ${title}::text` })
      .where(eq(posts.id, id)),
)
const newPost = async () => {
  const [row] = await database.sql<{ id: string }[]>`
    insert into posts (title) values ('') returning id`
  return Number(row?.id)
}
const titleOf = async (id: number) =>
  (await database.sql<{ title: string }[]>`select title from posts where id = ${id}`)[0]?.title

/** Resolves for everyone once so many have come, and at once ever after. */
function barrier(size: number): () => Promise<void> {
  let here = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  return () => {
    here += 1
    if (here >= size) resolve()
    return promise
  }
}

describe('concurrent changes', () => {
  it('are retried when they could not be serialized (40001)', async () => {
    const id = await newPost()
    const change = (title: string) =>
      test.pool.transaction({ access: 'read write', isolation: 'repeatable read' }, async (db) => {
        await db.run(one, { n: 1 })
        await bothHere()
        await db.run(setTitle, { id, title })
      })
    const bothHere = barrier(2)
    await Promise.all([change('a'), change('b')])
    expect((await titleOf(id))?.split('').sort().join('')).toBe('ab')
    expect(test.events.filter(({ type }) => type === 'retried')).toEqual([
      { type: 'retried', attempt: 1, error: expect.objectContaining({ code: '40001' }) },
    ])
  })

  it('are retried after a deadlock (40P01), through a request as well', async () => {
    const [first, second] = [await newPost(), await newPost()]
    const bothHere = barrier(2)
    const change = (ids: number[], title: string) => {
      const { db, commit } = request('read write')
      return db
        .transaction(async (own) => {
          for (const id of ids) {
            await own.run(setTitle, { id, title })
            await bothHere()
          }
        })
        .then(commit)
    }
    await Promise.all([change([first, second], 'a'), change([second, first], 'b')])
    expect((await titleOf(first))?.split('').sort().join('')).toBe('ab')
    expect((await titleOf(second))?.split('').sort().join('')).toBe('ab')
    expect(test.events).toContainEqual(expect.objectContaining({ type: 'retried', attempt: 1 }))
  })

  it('are given up after three tries', async () => {
    const serialization = statement(
      'serialization',
      { reads: [] },
      (_, { text }: Placeholders<{ text: string }>) => sql<never>`select raise_40001(${text})`,
    )
    await database.sql.unsafe(`create or replace function raise_40001(text) returns void
      language plpgsql as $$ begin raise sqlstate '40001'; end $$`)
    let tries = 0
    const work = test.pool.transaction({ access: 'read write' }, async (db) => {
      tries += 1
      await db.run(serialization, { text: '' })
    })
    await expect(work).rejects.toMatchObject({ code: '40001' })
    expect(tries).toBe(3)
  })

  it('are not retried in a read', async () => {
    let tries = 0
    const work = test.pool.transaction({ access: 'read only' }, async () => {
      tries += 1
      throw Object.assign(new Error('collided'), { code: '40001' })
    })
    await expect(work).rejects.toThrow('collided')
    expect(tries).toBe(1)
  })
})
