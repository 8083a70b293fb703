import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { ImportError } from './error.ts'

/**
 * Where rejected rows are written: `wanted`, made if need be; by default beside the files, where that cannot be written in
 * the current directory, and else in the system's for temporary files.
 * @throws ImportError when none can be written
 */
export async function rejectsDirectory(directory: string, wanted?: string): Promise<string> {
  if (wanted === undefined) {
    const writable = await firstWritable([resolve(directory), process.cwd(), tmpdir()])
    if (writable) return writable
  } else {
    const path = resolve(wanted)
    const made = await mkdir(path, { recursive: true }).then(
      () => firstWritable([path]),
      () => undefined,
    )
    if (made) return made
  }
  throw new ImportError(
    `Rejected rows cannot be written to ${wanted ?? directory}: name a writable directory with --rejects.`,
  )
}

async function firstWritable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isWritable = await access(path, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isWritable) return path
  }
  return undefined
}
