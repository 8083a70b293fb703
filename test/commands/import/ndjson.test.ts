import { describe, expect, it } from 'vitest'
import type { Block } from '../../../src/commands/import/bytes.ts'
import { ndjsonRecords } from '../../../src/commands/import/ndjson.ts'
import { importTables } from '../../../src/commands/import/tables.ts'

async function* blocksOf(...blocks: (string | Buffer | Block)[]): AsyncGenerator<Block> {
  for (const block of blocks)
    yield typeof block === 'string' || Buffer.isBuffer(block)
      ? { bytes: Buffer.from(block), isOverlong: false }
      : block
}

/** `line:cells` of each record read, `line! reason` of each refused, and the unknown columns. */
async function read(blocks: AsyncGenerator<Block>) {
  const table = importTables.find(({ name }) => name === 'posts')
  if (!table) throw new Error('There is no table posts')
  const shown: string[] = []
  const unknown: string[] = []
  for await (const batch of ndjsonRecords(
    table,
    blocks,
    (column, of) => of ?? unknown.push(column),
  ))
    for (const record of batch)
      shown.push(
        record.reason === undefined
          ? `${record.line}:${JSON.stringify(record.cells.slice(0, 3))}`
          : `${record.line}! ${record.reason}`,
      )
  return { shown, unknown }
}

describe('ndjsonRecords', () => {
  it('puts the values in the order of the columns, whatever theirs', async () => {
    const blocks = blocksOf('{"title":"T","id":1}\n', '{"id":2,"authorId":7,"title":null}')
    expect((await read(blocks)).shown).toEqual(['1:[1,null,"T"]', '2:[2,7,null]'])
  })

  it('counts blank lines, and names each unknown column once', async () => {
    const blocks = blocksOf('\n{"id":1,"mood":1}\r\n \n', '{"id":2,"mood":2,"shoe":3}\n')
    expect(await read(blocks)).toEqual({
      shown: ['2:[1]', '4:[2]'],
      unknown: ['mood', 'shoe'],
    })
  })

  it('refuses a line alone, and keeps the others', async () => {
    const overlong = { bytes: Buffer.from('{"body":"xx'), isOverlong: true }
    const latin1 = Buffer.from('{"id":8,"title":"\xe9"}\n{"id":9}\n', 'latin1')
    const blocks = blocksOf('{"id":1\n[1]\n{"id":1,"ID":2}\nnull\n{"id":5}\n', overlong, latin1)
    expect((await read(blocks)).shown).toEqual([
      '1! the line is not valid JSON',
      '2! the line is not a JSON object',
      '3! ID is given twice',
      '4! the line is not a JSON object',
      '5:[5]',
      '6! the line is longer than 4 MiB: here are its first 1,000 bytes',
      '7! the text is not UTF-8',
      '8:[9]',
    ])
  })
})
