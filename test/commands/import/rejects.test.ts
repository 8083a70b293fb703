import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../../support/database.ts'
import { directoryOf, importFiles, importFrom, rejectsOf } from './directory.ts'

const database = useDatabase()
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

const importing = (files: Record<string, string>) => importFiles(database.url, files)
const reasonsOf = async (directory: string, table: string) =>
  (await rejectsOf(directory, table)).map(({ line, reason }) => `${line}: ${reason}`)

describe('a rejected row', () => {
  it('is written to a file of its own, through no link that lies in its place', async () => {
    const directory = await directoryOf({ 'users.csv': 'id,username\n1,\n', other: 'kept' })
    await symlink('other', join(directory, 'rejects-users.csv.partial'))
    await importFrom(database.url, directory)
    expect(await readFile(join(directory, 'other'), 'utf8')).toBe('kept')
    expect(await reasonsOf(directory, 'users')).toEqual(['2: username is missing'])
  })

  it.each([
    ['users', 'id,username\n,Ann', 'id is missing'],
    ['users', 'id,username\nx,Ann', 'id is not a whole number: "x"'],
    ['users', 'id,username\n9007199254740992,Ann', 'id is beyond ±(2^53 - 1): 9007199254740992'],
    ['users', 'id,username\n1,', 'username is missing'],
    ['users', 'id,username\n1,"  "', 'username is blank'],
    ['users', `id,username\n1,${'a'.repeat(201)}`, 'username is longer than 200 characters'],
    ['users', 'id,username\n1,a\0b', 'username holds a NUL character'],
    ['users', 'id,username\n1,a,b', '3 columns where the header has 2'],
    ['users', 'id,username\n1,"a', 'a quote is not closed'],
    ['users', 'id,username,email\n1,a,nobody', 'email is not an address: "nobody"'],
    ['users', 'id,username,is_admin\n1,a,perhaps', 'is_admin is neither true nor false: "perhaps"'],
    ['users', 'id,username,created_at\n1,a,soon', 'created_at is not a time: "soon"'],
    [
      'users',
      'id,username,created_at\n1,a,0000-01-01',
      'created_at is not within the years 1 to 9999: "0000-01-01"',
    ],
    ['users', 'id,username,last_seen_at\n1,a,-infinity', 'last_seen_at is not a time: "-infinity"'],
    ['posts', 'id,updated_at\n1,infinity', 'updated_at is not a time: "infinity"'],
    ['posts', 'id,deleted_at\n1,200000-01-01', 'deleted_at is not a time: "200000-01-01"'],
    ['comments', 'id,post_id,body\n1,7,a', 'post_id 7 exists nowhere'],
    ['comments', 'id,post_id,body\n1,,a', 'post_id is missing'],
    ['sessions', 'id,user_id\n1,7', 'user_id 7 exists nowhere'],
  ])('of %s: %j', async (table, content, reason) => {
    const { directory, table: of } = await importing({ [`${table}.csv`]: content })
    expect(await reasonsOf(directory, table)).toEqual([`2: ${reason}`])
    expect(of(table)).toMatchObject({ kept: 0, rejected: 1 })
  })

  it.each([
    ['{"id":1,"username":"a"', 'the line is not valid JSON'],
    ['[1,"a"]', 'the line is not a JSON object'],
    ['{ }', 'id is missing; username is missing'],
  ])('of NDJSON without members stands below its reason: %s', async (content, reason) => {
    const { directory } = await importing({ 'users.ndjson': content })
    expect(await readFile(join(directory, 'rejects-users.ndjson'), 'utf8')).toBe(
      `{"rejected_because":"line 1: ${reason}"}\n${content}\n`,
    )
  })

  it.each([
    ['{"id":1,"username":"a","isAdmin":true,"is_admin":true}', 'is_admin is given twice'],
    ['{"id":1,"username":{}}', 'username is not a text'],
    ['{"id":1,"username":"\\ud800"}', 'username is not valid Unicode'],
  ])('of NDJSON has its reason as a further member: %s', async (content, reason) => {
    const { directory } = await importing({ 'users.ndjson': content })
    const rejected = await readFile(join(directory, 'rejects-users.ndjson'), 'utf8')
    expect(rejected.replace(/,?"rejected_because":.*"}/, '}')).toBe(`${content}\n`)
    expect(JSON.parse(rejected)).toMatchObject({ rejected_because: `line 1: ${reason}` })
  })

  it('names every fault of its row and keeps the record as it stands', async () => {
    const { directory } = await importing({ 'users.csv': 'id,username,mood\nx,,"so, so"\n' })
    expect(await rejectsOf(directory, 'users')).toEqual([
      {
        line: 2,
        reason: 'id is not a whole number: "x"; username is missing',
        record: 'x,,"so, so"',
      },
    ])
  })

  it('does not undo what is committed when its file cannot have its name', async () => {
    const files = await directoryOf({ 'users.csv': 'id,username\n1,Ann\n2,\n' })
    await mkdir(join(files, 'rejects-users.csv'))
    const { table, notes } = await importFrom(database.url, files)
    expect(table('users')).toMatchObject({ kept: 1, rejected: 1 })
    expect(notes).toContainEqual(expect.stringContaining('rejects-users.csv.partial'))
    expect(await readdir(files)).toContain('rejects-users.csv.partial')
  })

  it('goes to the directory asked for; an earlier run’s rejects do not outlive it', async () => {
    const files = await directoryOf({ 'users.csv': 'id,username\n1,\n' })
    const rejects = join(files, 'deep', 'rejects')
    await importFrom(database.url, files, { rejects })
    expect(await readdir(rejects)).toEqual(['rejects-users.csv'])
    await writeFile(join(files, 'users.csv'), 'id,username\n1,Ann\n')
    await importFrom(database.url, files, { rejects })
    expect(await readdir(rejects)).toEqual([])
  })
})
