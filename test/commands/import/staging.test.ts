import { describe, expect, it } from 'vitest'
import { findFiles } from '../../../src/commands/import/files.ts'
import { stage, stagingOf } from '../../../src/commands/import/staging.ts'
import { openBulk } from '../../../src/db/bulk/bulk.ts'
import { useDatabase } from '../../support/database.ts'
import { directoryOf, postsCsv } from './directory.ts'

const database = useDatabase()

async function staged(content: string) {
  const { files } = await findFiles(await directoryOf({ 'posts.csv': content }))
  const [file] = files
  if (!file) throw new Error('There is no file')
  const progress: [rows: number, bytes: number][] = []
  const bulk = await openBulk(database.url)
  try {
    const result = await stage(bulk, file, (rows, bytes) => progress.push([rows, bytes]))
    const rows = await bulk.sql`
      select line::integer, reason, id::integer, title, created_at::text
      from ${bulk.sql(stagingOf(file.table))} order by line`
    return { result, rows, progress, size: file.size }
  } finally {
    await bulk.close()
  }
}

describe('stage', () => {
  it('keeps a row that can be read in its columns, any other with its reason', async () => {
    const { result, rows } = await staged('id,title,shoe,created_at\n1,T,44,2020-01-01\nx,,,soon\n')
    expect(result).toMatchObject({
      rows: 2,
      unknownColumns: ['shoe'],
      givenColumns: ['id', 'title', 'created_at'],
    })
    expect(rows).toEqual([
      {
        line: 2,
        reason: null,
        id: 1,
        title: 'T',
        created_at: '2020-01-01 00:00:00+00',
      },
      {
        line: 3,
        reason: 'id is not a whole number: "x"; created_at is not a time: "soon"',
        id: null,
        title: null,
        created_at: null,
      },
    ])
  })

  it('carries every character through COPY', async () => {
    const title = 'tab\t, newline\n, return\r, back\\slash, \\N, \\., é 🍺'
    const { rows } = await staged(`id,title\n1,"${title}"\n\\.,"${title}\0"\n`)
    expect(rows.map((row) => [row.title, row.reason])).toEqual([
      [title, null],
      [null, 'id is not a whole number: "\\\\."; title holds a NUL character'],
    ])
  })

  it('tells its progress up to the last row and byte', async () => {
    const { result, progress, size } = await staged(postsCsv(20_000))
    expect(result.rows).toBe(20_000)
    expect(progress.length).toBeGreaterThan(2)
    expect(progress.at(-1)).toEqual([20_000, size])
    expect(progress).toEqual([...progress].sort(([a], [b]) => a - b))
  })
})
