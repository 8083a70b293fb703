import { readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { systemCodeOf } from '../../errors/system.ts'

/** The server on a data directory, as its lock file describes it. */
export type Postmaster = { readonly pid: number; readonly port: number; readonly status: string }

/** ms after which an empty lock file belongs to nobody: PostgreSQL fills it at once. */
const emptyLockTimeout = 5_000

/** What `postmaster.pid` says, when the process it names is alive and is that server. */
export function readPostmaster(data: string): Postmaster | undefined {
  const lines = readLockFile(data)
  const pid = Number(lines[0])
  if (!(pid > 0) || !isServer(pid, data)) return undefined
  return { pid, port: Number(lines[3]), status: lines[7]?.trim() ?? 'starting' }
}

/** The port of the last server, when that left its lock file behind; 0 otherwise. */
export const lastPort = (data: string): number => Number(readLockFile(data)[3] ?? 0)

/** PostgreSQL does not start over a lock file that is empty or whose process id now belongs to another program. */
export function removeStaleLock(data: string): void {
  const pid = Number(readLockFile(data)[0])
  const isStale = pid > 0 ? isAlive(pid) && isAnother(pid, data) : isEmptySince(data)
  if (isStale) rmSync(lockFile(data), { force: true })
}

/** Whether `pid` is alive and the server on `data`. */
export const isServer = (pid: number, data: string): boolean =>
  isAlive(pid) && !isAnother(pid, data)

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'
  }
}

const lockFile = (data: string) => join(data, 'postmaster.pid')

function readLockFile(data: string): string[] {
  try {
    return readFileSync(lockFile(data), 'utf8').split('\n')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return []
    throw error
  }
}

function isEmptySince(data: string): boolean {
  const file = statSync(lockFile(data), { throwIfNoEntry: false })
  return file !== undefined && file.size === 0 && Date.now() - file.mtimeMs > emptyLockTimeout
}

/** After a crash the process id may have gone to another program; a server works in its data directory. */
function isAnother(pid: number, data: string): boolean {
  if (process.platform !== 'linux') return false
  try {
    return readlinkSync(`/proc/${pid}/cwd`) !== realpathSync(data)
  } catch (error) {
    // A zombie has no directory: no server. Another user's process hides its own: it may be one.
    return systemCodeOf(error) === 'ENOENT'
  }
}
