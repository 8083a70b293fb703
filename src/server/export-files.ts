import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { systemCodeOf } from '../errors/system.ts'
import type { ExportFiles, ExportRange } from '../http/export-files.ts'

export type ExportDirectory = ExportFiles & {
  /** Removes files older than `retention` (ms), and what killed runs left. */
  readonly sweep: (retention: number) => Promise<void>
}

/** ms after which a file that is not whole belongs to no run. */
const longestWrite = 900_000
/** Bytes read from a file at once. */
const chunkSize = 64 * 1024

const ownFile = /^export-[\da-f-]{36}\.(csv|ndjson)(\.gz)?(?<partial>\.partial)?$/

/** Files in a directory that is made when the first is written; nobody else may read them. */
export function exportDirectory(directory: string): ExportDirectory {
  const pathOf = (name: string) => join(directory, name)
  return {
    async write(name, texts, { isCompressed, signal }) {
      await makeOwn(directory)
      const partial = pathOf(`${name}.partial`)
      // opened before anything can fail: a stream might make the file once it has been removed
      const file = await open(partial, 'wx', 0o600)
      const disk = file.createWriteStream({ flush: true })
      try {
        if (isCompressed) await pipeline(texts, createGzip(), disk, { signal })
        else await pipeline(texts, disk, { signal })
        await rename(partial, pathOf(name))
        return (await stat(pathOf(name))).size
      } catch (error) {
        await rm(partial, { force: true })
        throw error
      }
    },
    async find(name) {
      const found = await stat(pathOf(name)).catch(unlessMissing)
      return found && { size: found.size, read: (range) => streamOf(pathOf(name), range) }
    },
    remove: (name) => rm(pathOf(name), { force: true }),
    async sweep(retention) {
      for (const name of (await readdir(directory).catch(unlessMissing)) ?? []) {
        const own = ownFile.exec(name)
        const found = own && (await stat(pathOf(name)).catch(unlessMissing))
        if (!found) continue
        const most = own.groups?.partial ? longestWrite : retention
        if (Date.now() - found.mtimeMs > most) await rm(pathOf(name), { force: true })
      }
    },
  }
}

/** @throws Error where somebody else could put files there */
async function makeOwn(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { uid } = await lstat(directory)
  const own = process.getuid?.()
  if (own !== undefined && own !== 0 && uid !== own)
    throw new Error(`The directory of exports is another user's: ${directory}`)
}

function unlessMissing(error: unknown): undefined {
  if (systemCodeOf(error) !== 'ENOENT') throw error
}

/** Opened when it is read from: nobody may, of an answer that is not sent. */
function streamOf(
  path: string,
  { start, end }: ExportRange,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let file: FileHandle | undefined
  let at = start
  return new ReadableStream(
    {
      async pull(controller) {
        file ??= await open(path)
        const bytes = new Uint8Array(Math.min(chunkSize, end + 1 - at))
        const { bytesRead } = await file.read(bytes, 0, bytes.length, at)
        at += bytesRead
        if (bytesRead > 0) controller.enqueue(bytes.subarray(0, bytesRead))
        if (bytesRead > 0 && at <= end) return
        await file.close()
        if (at > end) controller.close()
        else controller.error(new Error(`${path} is shorter than it was`))
      },
      cancel: () => file?.close(),
    },
    { highWaterMark: 0 },
  )
}
