import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findFiles } from '../../../src/commands/import/files.ts'
import { directoryOf } from './directory.ts'

describe('findFiles', () => {
  it('finds a file of each table, parents first, and names what it leaves alone', async () => {
    const directory = await directoryOf({
      'comments.ndjson': '{}',
      'users.csv.gz': 'four',
      'posts.csv': '',
      'posts.csv.bak': '',
      'rejects-users.csv': '',
      'Sessions.csv': '',
    })
    await mkdir(join(directory, 'sessions.csv'))
    const { files, leftAlone } = await findFiles(directory)
    expect(
      files.map(({ table, name, format, isGzip, size }) => [
        table.name,
        name,
        format,
        isGzip,
        size,
      ]),
    ).toEqual([
      ['users', 'users.csv.gz', 'csv', true, 4],
      ['posts', 'posts.csv', 'csv', false, 0],
      ['comments', 'comments.ndjson', 'ndjson', false, 2],
    ])
    expect(leftAlone).toEqual(['Sessions.csv', 'posts.csv.bak', 'sessions.csv'])
  })

  it('refuses two files of one table', async () => {
    const directory = await directoryOf({ 'users.csv': '', 'users.ndjson.gz': '' })
    await expect(findFiles(directory)).rejects.toThrow(
      'users.csv and users.ndjson.gz both hold users: keep one.',
    )
  })

  it('says what a directory holds instead of files to import', async () => {
    const directory = await directoryOf({ 'Users.CSV': '', 'posts.json': '', 'all.zip': '', a: '' })
    await expect(findFiles(directory)).rejects.toThrow(
      'no <table>.csv[.gz] or <table>.ndjson[.gz] of users, posts, comments, sessions. It holds Users.CSV, a, all.zip, posts.json. Users.CSV would be imported as users.csv. all.zip has to be unpacked first. posts.json would have to be NDJSON, one object on each line, named .ndjson.',
    )
    await expect(findFiles(await directoryOf({}))).rejects.toThrow('It is empty.')
  })

  it('says what is wrong with a directory that cannot be imported', async () => {
    const directory = await directoryOf({ 'readme.txt': '' })
    const file = join(directory, 'readme.txt')
    await expect(findFiles(directory)).rejects.toThrow(`${directory} has nothing to import: no`)
    await expect(findFiles(file)).rejects.toThrow(`${file} is not a directory.`)
    await expect(findFiles('/does/not/exist')).rejects.toThrow('/does/not/exist does not exist.')
  })
})
