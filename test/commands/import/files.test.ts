import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findFiles, rejectsDirectory } from '../../../src/commands/import/files.ts'
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

  it('says what is wrong with a directory that cannot be imported', async () => {
    const directory = await directoryOf({ 'readme.txt': '' })
    const file = join(directory, 'readme.txt')
    await expect(findFiles(directory)).rejects.toThrow(`${directory} has nothing to import: no`)
    await expect(findFiles(file)).rejects.toThrow(`${file} is not a directory.`)
    await expect(findFiles('/does/not/exist')).rejects.toThrow('/does/not/exist does not exist.')
  })
})

describe('rejectsDirectory', () => {
  it('is the directory of the files unless another is asked for, which it makes', async () => {
    const directory = await directoryOf({})
    expect(await rejectsDirectory(directory)).toBe(directory)
    const wanted = join(directory, 'a', 'b')
    expect(await rejectsDirectory(directory, wanted)).toBe(wanted)
    expect(await rejectsDirectory('/does/not/exist', wanted)).toBe(wanted)
  })

  it('is the current directory when that of the files cannot be written', async () => {
    expect(await rejectsDirectory('/does/not/exist')).toBe(process.cwd())
  })

  it('refuses one that cannot be made', async () => {
    const directory = await directoryOf({ file: '' })
    await expect(rejectsDirectory(directory, join(directory, 'file', 'deep'))).rejects.toThrow(
      /cannot be written to .*: name a writable directory with --rejects\.$/,
    )
  })
})
