import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { systemCodeOf } from '../../errors/system.ts'
import { ImportError } from './error.ts'
import type { ImportFile } from './files.ts'

/** Whole lines of a file, or the start of one line too long to be kept. */
export type Block = { readonly bytes: Buffer; readonly isOverlong: boolean }

/** Bytes read at once: enough that the work per read does not count. */
const chunkSize = 64 * 1024

/** The longest record (bytes): bounds what an unclosed quote holds in memory. */
export const recordLimit = 4 * 1024 * 1024

/** Why a line is rejected of which no more than the start is read. */
export const overlong = 'the line is longer than 4 MiB: here are its first 1,000 bytes'

const newline = 10

/**
 * Reads a file block by block, unpacked; `onRead` gets the bytes read from the disk so far.
 * @throws ImportError when it cannot be read, is damaged, or starts like UTF-16
 */
export async function* blocksOf(
  file: ImportFile,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Block> {
  const disk = createReadStream(file.path, { highWaterMark: chunkSize })
  const unpacked = file.isGzip ? pipeline(disk, createGunzip({ chunkSize }), () => {}) : disk
  try {
    for await (const block of wholeLines(withoutMark(file, unpacked))) {
      onRead(disk.bytesRead)
      yield block
    }
  } catch (error) {
    if (error instanceof ImportError || !(error instanceof Error)) throw error
    throw new ImportError(`${file.name} ${faultOf(error)}.`, { cause: error })
  } finally {
    disk.destroy()
  }
}

/** zlib's words are for those who know its format. */
function faultOf(error: Error): string {
  if (error.message === 'unexpected end of file') return 'is truncated: its gzip stream has no end'
  if (error.message === 'incorrect header check') return 'is not gzip, whatever its name says'
  const isDamaged = systemCodeOf(error)?.startsWith('Z_')
  return isDamaged
    ? `is damaged: its gzip stream has an ${error.message}`
    : `cannot be read: ${error.message}`
}

/** Drops the byte order mark of UTF-8; refuses those of UTF-16. */
async function* withoutMark(
  file: ImportFile,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (!start) {
      yield chunk
      continue
    }
    start = Buffer.concat([start, chunk])
    if (start.length < 3) continue
    yield afterMark(file, start)
    start = undefined
  }
  if (start) yield afterMark(file, start)
}

function afterMark(file: ImportFile, start: Buffer): Buffer {
  const mark = start.toString('hex', 0, 3)
  if (mark.startsWith('fffe') || mark.startsWith('feff')) {
    throw new ImportError(`${file.name} is UTF-16: save it as UTF-8.`)
  }
  return mark === 'efbbbf' ? start.subarray(3) : start
}

async function* wholeLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Block> {
  let held: Buffer[] = []
  let heldBytes = 0
  let isSkipping = false

  for await (const chunk of chunks) {
    const afterFirst = chunk.indexOf(newline) + 1
    const rest = isSkipping ? chunk.subarray(afterFirst || chunk.length) : chunk
    if (afterFirst > 0) isSkipping = false

    const cut = rest.lastIndexOf(newline) + 1
    if (cut > 0) {
      yield { bytes: Buffer.concat([...held, rest.subarray(0, cut)]), isOverlong: false }
      held = []
      heldBytes = 0
    }
    if (cut < rest.length) {
      held.push(rest.subarray(cut))
      heldBytes += rest.length - cut
    }
    if (heldBytes > recordLimit) {
      yield { bytes: Buffer.concat(held).subarray(0, 1000), isOverlong: true }
      held = []
      heldBytes = 0
      isSkipping = true
    }
  }
  if (heldBytes > 0) yield { bytes: Buffer.concat(held), isOverlong: false }
}
