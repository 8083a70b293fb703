import { spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { sqlStateOf } from '../../errors/postgres.ts'
import { oneConnection } from '../pool/driver.ts'
import { withTimeLimit } from '../time-limit.ts'

/**
 * Several processes may share one embedded server: each holds a shared advisory lock in a session of
 * its own. Who leaves tries the exclusive lock and, having it, is the last one out and stops the server;
 * a newcomer waits on that lock until the server is gone, then starts it anew. A dead process's session
 * ends with it, so no file can claim a holder that is no more.
 */
export type ServerShare = {
  /** Gives the share back. @returns whether nobody else held one, so that the server was stopped */
  release(mode: StopMode): Promise<boolean>
}
export type StopMode = 'fast' | 'immediate'
export type Postmaster = { readonly pid: number; readonly port: number; readonly status: string }
type ServerFiles = {
  readonly data: string
  readonly program: (name: string, args: readonly string[]) => [file: string, args: string[]]
}

const shareKey = 7_408_124
const probeTimeout = 5_000

/** What `postmaster.pid` says, when the process it names is alive and is that server. */
export function readPostmaster(data: string): Postmaster | undefined {
  const lines = readLockFile(data)
  const pid = Number(lines[0])
  if (!(pid > 0) || !isServer(pid, data)) return undefined
  return { pid, port: Number(lines[3]), status: lines[7]?.trim() ?? 'starting' }
}

/** PostgreSQL heeds a lock file whose process id now belongs to another program, or that is empty. */
export function removeStaleLock(data: string): void {
  const pid = Number(readLockFile(data)[0])
  const isStale = pid > 0 ? isAlive(pid) && isAnother(pid, data) : isEmptySince(data, 5_000)
  if (isStale) rmSync(join(data, 'postmaster.pid'), { force: true })
}

export const readPassword = (data: string) => readFileSync(join(data, 'password'), 'utf8')

export const embeddedUrl = (port: number, password: string, database = 'postgres') =>
  `postgres://postgres:${password}@127.0.0.1:${port}/${database}`

/** @returns undefined while `server` does not answer, or is going @throws when it refuses the password */
export async function takeShare(
  url: string,
  server: Postmaster,
  files: ServerFiles,
  onLost?: () => void,
): Promise<ServerShare | undefined> {
  let isHeld = false
  const sql = connect(url, () => {
    if (isHeld) onLost?.()
  })
  const taken = await probe(sql`select pg_advisory_lock_shared(${shareKey})`)
  // The lock may have come free by the server's end, which is announced before.
  const now = readPostmaster(files.data)
  if (!taken || now?.pid !== server.pid || now.status !== 'ready') {
    await sql.end({ timeout: 0 })
    return undefined
  }
  isHeld = true
  return {
    async release(mode) {
      if (!isHeld) return false
      isHeld = false
      try {
        await sql`select pg_advisory_unlock_shared(${shareKey})`
        return await stopIfLast(sql, files, mode)
      } catch {
        return false // The server is gone already.
      } finally {
        await sql.end({ timeout: 0 })
      }
    },
  }
}

/**
 * Leaves in the name of a process that died: stops the server unless somebody else holds a share. `pid` is the
 * server it used; unknown when it died while that was starting.
 */
export async function releaseForDeadProcess(
  files: ServerFiles,
  pid: number | undefined,
): Promise<boolean> {
  const timeout = 5_000
  for (let waited = 0; waited < timeout; ) {
    const server = readPostmaster(files.data)
    if (pid !== undefined && server?.pid !== pid) return !server
    if (server?.status === 'ready') {
      const sql = connect(embeddedUrl(server.port, readPassword(files.data)))
      try {
        if (await stopIfLast(sql, files, 'fast')) return true
      } catch {
        // It is going down or not up yet: look again.
      } finally {
        await sql.end({ timeout: 0 })
      }
    }
    if (!server || server.status === 'ready') waited += 100 // A recovery may take its time.
    await sleep(100)
  }
  return !readPostmaster(files.data)
}

async function stopIfLast(sql: postgres.Sql, files: ServerFiles, mode: StopMode): Promise<boolean> {
  const taken = await probe(
    sql<{ isLast: boolean }[]>`select pg_try_advisory_lock(${shareKey}) as "isLast"`,
  )
  if (!taken?.[0]?.isLast) return false
  const server = readPostmaster(files.data)
  if (!server) return true
  if (process.platform === 'win32') {
    const [file, args] = files.program('pg_ctl', ['stop', '-D', files.data, '-m', mode])
    spawnSync(file, args)
  } else process.kill(server.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
  while (readPostmaster(files.data)?.pid === server.pid) await sleep(10)
  for (let waited = 0; waited < 1000 && isServer(server.pid, files.data); waited += 10)
    await sleep(10)
  return true
}

const connect = (url: string, onclose = () => {}) =>
  postgres(url, {
    ...oneConnection,
    connect_timeout: 5,
    idle_timeout: 0,
    onclose,
    connection: { application_name: 'shopboard lease' },
  })

/** A server that hangs up during start-up leaves postgres.js's query unsettled: hence the limit. */
async function probe<T>(query: PromiseLike<T>): Promise<T | undefined> {
  try {
    return await withTimeLimit(probeTimeout, () => query)
  } catch (error) {
    if (sqlStateOf(error) === '28P01') throw error
    return undefined
  }
}

function readLockFile(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

function isEmptySince(data: string, ms: number): boolean {
  const file = statSync(join(data, 'postmaster.pid'), { throwIfNoEntry: false })
  return file !== undefined && file.size === 0 && Date.now() - file.mtimeMs > ms
}

const isServer = (pid: number, data: string) => isAlive(pid) && !isAnother(pid, data)

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** After a crash the process id may have gone to another program; a server works in its data directory. */
function isAnother(pid: number, data: string): boolean {
  if (process.platform !== 'linux') return false
  try {
    return readlinkSync(`/proc/${pid}/cwd`) !== realpathSync(data)
  } catch (error) {
    // A dead one nobody has buried has no directory; another user's is not ours to judge.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}
