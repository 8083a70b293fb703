import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, blocksOf, recordLimit } from '../../../src/commands/import/bytes.ts'
import { findFiles, type ImportFile } from '../../../src/commands/import/files.ts'
import { directoryOf } from './directory.ts'

async function fileOf(name: string, content: string | Buffer): Promise<ImportFile> {
  const directory = await directoryOf({ [name]: content })
  const { files } = await findFiles(directory)
  const [file] = files
  if (!file) throw new Error(`${name} was not found`)
  return file
}

async function read(name: string, content: string | Buffer, onRead?: (bytes: number) => void) {
  const blocks: Block[] = []
  for await (const block of blocksOf(await fileOf(name, content), onRead)) blocks.push(block)
  return blocks
}
const textOf = (blocks: readonly Block[]) =>
  Buffer.concat(blocks.map(({ bytes }) => bytes)).toString()

describe('blocksOf', () => {
  const lines = `${Array.from({ length: 30_000 }, (_, at) => `line ${at}`).join('\n')}\n`

  it('hands over whole lines, however the disk cuts them', async () => {
    const blocks = await read('users.csv', lines)
    expect(blocks.length).toBeGreaterThan(2)
    for (const { bytes } of blocks) expect(bytes.at(-1)).toBe(10)
    expect(textOf(blocks)).toBe(lines)
  })

  it('unpacks, and counts the bytes on the disk', async () => {
    const packed = gzipSync(lines)
    let read = 0
    const blocks: Block[] = []
    const file = await fileOf('users.csv.gz', packed)
    for await (const block of blocksOf(file, (bytes) => {
      read = bytes
    }))
      blocks.push(block)
    expect(textOf(blocks)).toBe(lines)
    expect(read).toBe(packed.length)
  })

  it('keeps a last line that nothing ends, and nothing of an empty file', async () => {
    expect(textOf(await read('users.csv', 'a\nb'))).toBe('a\nb')
    expect(await read('users.csv', '')).toEqual([])
  })

  it('drops a byte order mark, and nothing else of the start', async () => {
    expect(textOf(await read('users.csv', '\ufeffid'))).toBe('id')
    for (const start of ['i', 'id', '\ufeff\ufeff'])
      expect(textOf(await read('users.csv', start))).toBe(start.replace(/^\ufeff/, ''))
  })

  it('cuts a line that is too long short, and goes on behind it', async () => {
    const blocks = await read('users.csv', `a\n${'x'.repeat(recordLimit * 2)}\nb\n`)
    const overlong = blocks.filter(({ isOverlong }) => isOverlong)
    expect(overlong.map(({ bytes }) => bytes.toString())).toEqual(['x'.repeat(1000)])
    expect(textOf(blocks.filter(({ isOverlong }) => !isOverlong))).toBe('a\nb\n')
  })

  it.each([
    ['users.csv', Buffer.from('\ufeffid\n', 'utf16le'), 'users.csv is UTF-16: save it as UTF-8.'],
    ['users.csv.gz', 'id\n', 'users.csv.gz is not gzip, whatever its name says.'],
    [
      'users.csv.gz',
      gzipSync(lines).subarray(0, 500),
      'users.csv.gz is truncated: its gzip stream has no end.',
    ],
  ])('refuses %s that cannot be read', async (name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(message)
  })

  it('refuses a file that is gone', async () => {
    const file = await fileOf('users.csv', '')
    const gone = { ...file, path: `${file.path}.bak` }
    await expect(blocksOf(gone).next()).rejects.toThrow(/^users\.csv cannot be read: ENOENT/)
  })

  it('loses no byte of any text', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r\n', 'é', '🍺') })
    await fc.assert(
      fc.asyncProperty(text, async (each) => {
        expect(textOf(await read('users.csv', each))).toBe(each)
      }),
      { numRuns: 50 },
    )
  })
})
