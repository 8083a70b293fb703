import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { systemCodeOf } from '../../errors/system.ts'

/** Of a process; empty for those of this one. */
export type Ids = { readonly uid?: number; readonly gid?: number }

/** Holds copies of what an unprivileged user cannot reach where it is. */
export const commonRoot = '/var/lib/shopboard'

/** @returns the topmost directory that was made, undefined when `dir` existed */
export function createDirectory(dir: string): string | undefined {
  try {
    const created = mkdirSync(dir, { recursive: true })
    if (created) chmodSync(dir, 0o700)
    return created
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot make the data directory ${dir}: ${reason}`, { cause: error })
  }
}

/** Gives `dir` and the parents made for it to the user who will run the server. */
export function chownTo({ uid, gid }: Ids, dir: string, created: string | undefined): void {
  if (uid === undefined || gid === undefined || !created) return
  for (let each = dir; each.length >= created.length; each = dirname(each))
    chownSync(each, uid, gid)
}

/** @throws where not even root writes */
export function refuseReadOnly(dir: string): void {
  try {
    if (existsSync(dir)) accessSync(dir, constants.W_OK)
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EROFS') return // Whose it is decides what to say.
    throw new Error(
      `${dir} is mounted read-only, and PostgreSQL has to write there: mount it writable, or choose another DATA_DIR.`,
      { cause },
    )
  }
}

/** For a directory the server's user cannot reach. One that holds data is never replaced by another. */
export function replacementOf(wanted: string, { uid }: Ids): string {
  if (readdirSync(wanted).some((name) => /^pg\d+$/.test(name)))
    throw new Error(
      `${wanted} holds a database, and user ${uid}, as whom PostgreSQL has to run, cannot write there: give it to that user, or choose another DATA_DIR.`,
    )
  mkdirSync(commonRoot, { recursive: true, mode: 0o755 })
  const mark = createHash('sha256').update(wanted).digest('hex').slice(0, 8)
  return join(commonRoot, `${basename(wanted)}-${mark}`)
}
