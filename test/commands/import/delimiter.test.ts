import { describe, expect, it } from 'vitest'
import {
  delimiterName,
  delimiterNamed,
  delimiterOf,
} from '../../../src/commands/import/delimiter.ts'
import { findFiles } from '../../../src/commands/import/files.ts'
import { directoryOf } from './directory.ts'

describe('delimiterOf', () => {
  it.each([
    ['id,username\n', ','],
    ['id;username;email\n1;a,b;c', ';'],
    ['\r\nid\tusername\r\n', '\t'],
    ['"id"|"username"', '|'],
    ['id;user,name;username\n', ';'],
    ['nr;name;joined\n', ';'],
    ['id\n', ','],
    ['"id\n', ','],
    ['', ','],
  ])('finds it by the header %j', async (start, delimiter) => {
    const [file] = (await findFiles(await directoryOf({ 'users.csv': '' }))).files
    if (!file) throw new Error('There is no file')
    expect(delimiterOf(file, Buffer.from(start))).toBe(delimiter)
    expect(delimiterOf({ ...file, delimiter: '^' }, Buffer.from(start))).toBe('^')
  })
})

describe('delimiterNamed', () => {
  it.each([
    ['Semicolon', ';'],
    ['tab', '\t'],
    ['^', '^'],
    ['§', '§'],
    ['\t', '\t'],
  ])('takes %j', (text, delimiter) => expect(delimiterNamed(text)).toBe(delimiter))

  it.each(['', 'ab', 'x', '7', '"', '\n', '\0'])('refuses %j', (text) =>
    expect(delimiterNamed(text)).toBeUndefined(),
  )

  it('has a name for people', () => {
    expect([',', '^'].map(delimiterName)).toEqual(['commas', '"^"'])
  })
})
