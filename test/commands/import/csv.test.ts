import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, recordLimit } from '../../../src/commands/import/bytes.ts'
import { type CsvRecord, csvRecords } from '../../../src/commands/import/csv.ts'

/** Whole lines, a few at a time, as a file's reader hands them over. */
async function* blocksOf(text: string, linesEach: number): AsyncGenerator<Block> {
  const lines = text.split(/(?<=\n)/)
  for (let at = 0; at < lines.length; at += linesEach) {
    yield { bytes: Buffer.from(lines.slice(at, at + linesEach).join('')), isOverlong: false }
  }
}

function read(text: string, linesEach = 3): Promise<CsvRecord[]> {
  return recordsOf(blocksOf(text, linesEach))
}

async function recordsOf(blocks: AsyncIterable<Block>): Promise<CsvRecord[]> {
  const records: CsvRecord[] = []
  for await (const batch of csvRecords(blocks)) records.push(...batch)
  return records
}

/** `line:fields` of what was read, `line!` of what was refused. */
const shown = (records: CsvRecord[]) =>
  records.map((record) =>
    record.reason === undefined ? `${record.line}:${record.fields.join('|')}` : `${record.line}!`,
  )

describe('csvRecords', () => {
  it('tells the physical line a record starts on', async () => {
    expect(shown(await read('a,b\r\n"x\r\ny",2\r\n\r\n3,"4"""\r\n'))).toEqual([
      '1:a|b',
      '2:x\r\ny|2',
      '5:3|4"',
    ])
  })

  it('loses only the line of an unclosed quote', async () => {
    const good = Array.from({ length: 20 }, (_, at) => `${at},"text ${at}"`)
    const text = ['0,"never closed', ...good, ''].join('\n')
    expect(shown(await read(text))).toEqual([
      '1!',
      ...good.map((_, at) => `${at + 2}:${at}|text ${at}`),
    ])
  })

  it('loses only the last line when nothing closes its quote', async () => {
    expect(shown(await read('1,a\n2,"b\n3,c\n4,d'))).toEqual(['1:1|a', '2!', '3:3|c', '4:4|d'])
  })

  it('goes on behind a stray quote, inside a field or after one', async () => {
    expect(shown(await read('1,a"b\n2,"c"d\n3,e\n'))).toEqual(['1!', '2!', '3:3|e'])
  })

  it('refuses bytes that are not UTF-8, and only those', async () => {
    async function* blocks(): AsyncGenerator<Block> {
      const [before, after] = [Buffer.from('1,café\n'), Buffer.from('3,é\n')]
      const bytes = Buffer.concat([before, Buffer.from('2,caf\xe9\n', 'latin1'), after])
      yield { bytes, isOverlong: false }
    }
    expect(shown(await recordsOf(blocks()))).toEqual(['1:1|café', '2!', '3:3|é'])
  })

  it('gives up a record that grows without end, and keeps what lies inside', async () => {
    const lines = Math.ceil((recordLimit * 1.5) / 100)
    const text = `0,"open\n${`1,${'x'.repeat(97)}\n`.repeat(lines)}`
    const records = await read(text, 1000)
    expect(records).toHaveLength(lines + 1)
    expect(records.filter(({ reason }) => reason !== undefined)).toHaveLength(1)
  })

  it('reads back whatever was written, in whatever pieces it comes', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', 'é', ' ') })
    const table = fc.array(fc.tuple(fc.constant('1'), field, field), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 5 }), async (rows, linesEach) => {
        const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`
        const text = rows.map((row) => `${row.map(quoted).join(',')}\n`).join('')
        const records = await read(text, linesEach)
        expect(records.map((record) => (record.reason === undefined ? record.fields : []))).toEqual(
          rows,
        )
      }),
    )
  })

  it('accounts for every line of any garbage', async () => {
    const garbage = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\0') })
    await fc.assert(
      fc.asyncProperty(garbage, fc.integer({ min: 1, max: 5 }), async (text, linesEach) => {
        const lines = (await read(text, linesEach)).map(({ line }) => line)
        expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b))
        expect(lines.every((line) => line <= text.split('\n').length)).toBe(true)
      }),
    )
  })
})
