import { beforeEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../../support/database.ts'
import { insertPost, insertUser } from '../../support/factories.ts'
import { importFiles, rejectsOf } from './directory.ts'

const database = useDatabase()
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

const importing = (files: Record<string, string>) => importFiles(database.url, files)
const reasonsOf = async (directory: string, table: string) =>
  (await rejectsOf(directory, table)).map(({ line, reason }) => `${line}: ${reason}`)

describe('settle', () => {
  it('sets authors null that exist nowhere, and finds those of the database', async () => {
    const { id } = await insertUser(database.sql)
    const { table } = await importing({
      'posts.csv': `id,author_id\n1,${id}\n2,77\n3,\n`,
    })
    expect(table('posts')).toMatchObject({ kept: 3, authorsSetNull: 1 })
    expect(await database.sql`select author_id::integer from posts order by id`).toEqual([
      { author_id: id },
      { author_id: null },
      { author_id: null },
    ])
  })

  it('moves sequences past the ids, never back', async () => {
    await importing({ 'users.csv': 'id,username\n5000,Ann\n', 'posts.csv': 'id\n-7\n' })
    expect((await insertUser(database.sql)).id).toBe(5001)
    expect((await insertPost(database.sql)).id).toBe(1)
    await importing({ 'users.csv': 'id,username\n17,Ben\n', 'posts.csv': 'id\n3\n' })
    expect((await insertUser(database.sql)).id).toBe(5002)
    expect((await insertPost(database.sql)).id).toBe(4)
  })

  it('rejects the later one of two rows with the same id or e-mail', async () => {
    await insertUser(database.sql, { id: 9, email: 'Taken@b.c' })
    const { directory, table } = await importing({
      'users.csv': 'id,username,email\n1,a,x@y.z\n1,b,\n2,c,X@Y.Z\n3,d,taken@B.c\n',
    })
    expect(await reasonsOf(directory, 'users')).toEqual([
      '3: id 1 stands on line 2 already',
      '4: email stands on line 2 already',
      '5: email belongs to id 9 already',
    ])
    expect(table('users')).toMatchObject({ kept: 1, rejected: 3 })
  })

  it('rejects the comments of a rejected post, not the posts of a rejected author', async () => {
    const { table } = await importing({
      'users.csv': 'id,username\n1,\n',
      'posts.csv': 'id,author_id,created_at\n1,1,\n2,,soon\n',
      'comments.csv': 'id,post_id,body\n1,1,kept\n2,2,lost\n',
    })
    expect(table('posts')).toMatchObject({ kept: 1, rejected: 1, authorsSetNull: 1 })
    expect(table('comments')).toMatchObject({ kept: 1, rejected: 1 })
  })
})
