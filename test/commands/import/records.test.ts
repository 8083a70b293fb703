import { describe, expect, it } from 'vitest'
import { findFiles } from '../../../src/commands/import/files.ts'
import { recordsOf } from '../../../src/commands/import/records.ts'
import { directoryOf } from './directory.ts'

async function read(name: string, content: string) {
  const [file] = (await findFiles(await directoryOf({ [name]: content }))).files
  if (!file) throw new Error('There is no file')
  const unknown: string[] = []
  let bytes = 0
  const records = []
  const options = {
    onRead: (read: number) => {
      bytes = read
    },
    onColumn: (column: string, of: string | undefined) => void (of ?? unknown.push(column)),
  }
  for await (const batch of recordsOf(file, options)) records.push(...batch)
  return { records, unknown, bytes }
}

describe('recordsOf', () => {
  it('puts the fields of a CSV file under the columns of its table', async () => {
    const { records, unknown, bytes } = await read('posts.csv', 'Title, mood ,id\nT,so,1\n,,2\n')
    const cellsOf = records.map((record) =>
      record.reason === undefined ? [record.line, ...record.cells.slice(0, 3)] : [],
    )
    expect(cellsOf).toEqual([
      [2, '1', undefined, 'T'],
      [3, '2', undefined, null],
    ])
    expect(unknown).toEqual(['mood'])
    expect(bytes).toBe(27)
  })

  it('reads NDJSON without a header', async () => {
    const { records } = await read('posts.ndjson', '{"id":1}\n')
    expect(records).toMatchObject([{ line: 1, cells: [1] }])
  })

  it('refuses a record whose fields are not those of the header', async () => {
    const { records } = await read('users.csv', 'id,username\n1\n2,Ben\n3,"x"y\n')
    expect(records).toMatchObject([
      { line: 2, reason: '1 columns where the header has 2' },
      { line: 3, cells: expect.arrayContaining(['2', 'Ben']) },
      { line: 4, reason: 'a quote is not closed, or text follows the closing quote' },
    ])
  })

  it.each([
    [
      'username\n',
      'users.csv has no column id; its header: username. If its columns are separated by something else: --delimiter.',
    ],
    ['nr;name\n', 'its header: nr, name. It seems to be separated by semicolons.'],
    [
      `nr,${Array.from({ length: 100 }, (_, at) => `column_${at}`).join(',')}\n`,
      /its header: nr, column_0, .*, column_8 and 91 more\.$/,
    ],
    ['id,username,userName\n', 'users.csv has the column username twice.'],
    ['id,"user"name\n', 'users.csv: the header cannot be read: a quote'],
  ])('refuses a file whose header is %j', async (content, message) => {
    await expect(read('users.csv', content)).rejects.toThrow(message)
  })

  it.each([';', '\t', '|'])(
    'reads what is separated by %j as its header shows',
    async (delimiter) => {
      const content = ['id', 'username', 'mood'].join(delimiter)
      const row = ['1', '"Ann, ""A"""', 'so'].join(delimiter)
      const { records, unknown } = await read('users.csv', `\n${content}\n${row}\n`)
      expect(records).toMatchObject([{ line: 3, cells: expect.arrayContaining(['1', 'Ann, "A"']) }])
      expect(unknown).toEqual(['mood'])
    },
  )

  it('passes over the column of an earlier run’s reasons', async () => {
    const { records, unknown } = await read(
      'users.csv',
      'id,username,rejected_because\n1,Ann,why\n',
    )
    expect(records).toMatchObject([{ cells: expect.arrayContaining(['1', 'Ann']) }])
    expect(unknown).toEqual([])
  })

  it('finds nothing in an empty file', async () => {
    expect(await read('users.csv', '')).toEqual({ records: [], unknown: [], bytes: 0 })
  })
})
