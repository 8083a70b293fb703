import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../../support/database.ts'
import { importFiles } from './directory.ts'

const database = useDatabase()
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

const importing = (files: Record<string, string>) => importFiles(database.url, files)

describe('a row that is there already', () => {
  it('is skipped quietly while it is the same', async () => {
    const files = {
      'users.csv':
        'id,username,email,is_admin,created_at,deleted_at\n1,Ann,a@b.c,,2020-01-01,\n2,Ben,,yes,,\n',
      'posts.csv':
        'id,author_id,title,created_at,updated_at\n1,77,,2020-01-01,\n2,1,T,2020-01-01T00:00:00.123456789Z,\n',
      'comments.ndjson':
        '{"id":1,"postId":1,"body":"a"}\n{"id":2,"postId":2,"body":"b","createdAt":null}\n',
    }
    await importing(files)
    const { summary } = await importing(files)
    expect(
      summary.tables.map(({ kept, skipped, differing }) => [kept, skipped, differing]),
    ).toEqual([
      [0, 2, 0],
      [0, 2, 0],
      [0, 2, 0],
    ])
  })

  it('is told with its id and the columns that differ', async () => {
    await importing({ 'users.csv': 'id,username,email,is_admin\n1,Ann,a@b.c,no\n2,Ben,,no\n' })
    const { table, directory } = await importing({
      'users.csv': 'id,username,email,is_admin\n1,Anna,a@b.c,yes\n2,Ben,b@b.c,no\n',
    })
    expect(table('users')).toMatchObject({
      skipped: 2,
      differing: 2,
      differences: [
        { id: 1, columns: ['username', 'is_admin'] },
        { id: 2, columns: ['email'] },
      ],
    })
    expect(table('users').differingRows).toBeUndefined()
    await expect(readFile(join(directory, 'skipped-users.csv'))).rejects.toThrow('ENOENT')
    expect(await database.sql`select username from users order by id`).toEqual([
      { username: 'Ann' },
      { username: 'Ben' },
    ])
  })

  it('is compared in the columns of the file alone', async () => {
    await importing({ 'users.csv': 'id,username,email\n1,Ann,a@b.c\n' })
    const { table } = await importing({ 'users.csv': 'id,username\n1,Ann\n' })
    expect(table('users')).toMatchObject({ skipped: 1, differing: 0 })
  })

  it('is written to a file with all others when there are many', async () => {
    const rows = (name: string) => Array.from({ length: 8 }, (_, at) => `${at + 1},${name}`)
    await importing({ 'users.csv': ['id,username', ...rows('Ann')].join('\n') })
    const { table } = await importing({ 'users.csv': ['id,username', ...rows('Ben')].join('\n') })
    expect(table('users').differences).toHaveLength(5)
    const text = await readFile(table('users').differingRows ?? '', 'utf8')
    expect(text.split('\n').slice(0, 2)).toEqual([
      'id,username,rejected_because',
      '1,Ben,"line 2: id 1 is there already, with another username"',
    ])
    expect(text.match(/is there already/g)).toHaveLength(8)
  })
})
