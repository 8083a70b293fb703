import { blocksOf } from './bytes.ts'
import { csvRecords } from './csv.ts'
import { delimiterOf } from './delimiter.ts'
import type { ImportFile } from './files.ts'

/** A record as its bytes stand in the file. */
export type Original = {
  /** The physical line it starts on, from 1. */
  readonly line: number
  /** With its line's end, where it has one. */
  readonly bytes: () => Buffer
  /** Of CSV that can be read. */
  readonly fields?: readonly string[]
}

const newline = 10

/** The records of a file in batches, and of CSV what separates their fields, known from the first batch on. */
export function originalsOf(file: ImportFile) {
  const blocks = blocksOf(file)
  let delimiter = ','
  const records: AsyncGenerator<Original[]> =
    file.format === 'ndjson'
      ? lines(blocks)
      : csvRecords(blocks, (start) => {
          delimiter = delimiterOf(file, start)
          return delimiter
        })
  return { records, delimiter: () => delimiter }
}

async function* lines(blocks: ReturnType<typeof blocksOf>): AsyncGenerator<Original[]> {
  let line = 1
  for await (const { bytes, isOverlong } of blocks) {
    const batch: Original[] = []
    for (let at = 0; at < bytes.length; line++) {
      const from = at
      at = isOverlong ? bytes.length : bytes.indexOf(newline, from) + 1 || bytes.length
      const to = at
      batch.push({ line, bytes: () => bytes.subarray(from, to) })
    }
    yield batch
  }
}
