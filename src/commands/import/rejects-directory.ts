import { constants } from 'node:fs'
import { access, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ImportError } from './error.ts'

/**
 * Where rejected rows are written: `wanted`, made if need be; by default beside the files, where that cannot be written in
 * the current directory, and else in a new one among the system's temporary files.
 * @throws ImportError when none can be written
 */
export async function rejectsDirectory(directory: string, wanted?: string): Promise<string> {
  const path =
    wanted === undefined
      ? ((await firstWritable([resolve(directory), process.cwd()])) ?? (await ownTemporary()))
      : await made(resolve(wanted))
  if (path !== undefined) return path
  throw new ImportError(
    `Rejected rows cannot be written to ${wanted ?? directory}: name a writable directory with --rejects.`,
  )
}

const made = (path: string): Promise<string | undefined> =>
  mkdir(path, { recursive: true }).then(
    () => firstWritable([path]),
    () => undefined,
  )

/** A directory of one's own: the names of rejects are known beforehand, and everybody writes beside it. */
const ownTemporary = (): Promise<string | undefined> =>
  mkdtemp(join(tmpdir(), 'shopboard-rejects-')).catch(() => undefined)

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
