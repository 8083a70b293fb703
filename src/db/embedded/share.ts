import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { sqlStateOf } from '../../errors/postgres.ts'
import { systemCodeOf } from '../../errors/system.ts'
import { oneConnection } from '../pool/driver.ts'
import { withTimeLimit } from '../time-limit.ts'
import type { Installation } from './install.ts'
import { isServer, type Postmaster, readPostmaster } from './postmaster.ts'

/**
 * A process's part in a server that several may use: a shared advisory lock, held by a session of its own. The
 * process that can then take the lock exclusively is the last one, and stops the server. A dead process's session
 * ends with it, so its share does too.
 */
export type ServerShare = {
  release(mode: StopMode): Promise<Released>
}

/** Nobody else held a share, so that the server was stopped; somebody did; the server ended before. */
export type Released = 'stopped' | 'shared' | 'lost'

/** `fast` rolls transactions back; `immediate` is a crash. */
export type StopMode = 'fast' | 'immediate'

type ServerFiles = Pick<Installation, 'data' | 'program'>

const shareKey = 7_408_124
/** ms one question to the server may take. */
const probeTimeout = 5_000
/** ms for which a dead process's share is tried to be released while the server is up. */
const releaseTimeout = 5_000

export const passwordFile = (data: string) => join(data, 'password')

/** @throws a plain sentence where the file is missing */
export function readPassword(data: string): string {
  try {
    return readFileSync(passwordFile(data), 'utf8')
  } catch (cause) {
    const reason = systemCodeOf(cause) === 'ENOENT' ? 'is missing' : 'cannot be read'
    throw new Error(
      `The password of the embedded PostgreSQL ${reason}: put ${passwordFile(data)} back.`,
      { cause },
    )
  }
}

export const embeddedUrl = (port: number, password: string, database = 'postgres') =>
  `postgres://postgres:${password}@127.0.0.1:${port}/${database}`

/**
 * Takes a share of `server`; waits while its last user is stopping it. `onLost` is called when it ends before `release`.
 * @returns undefined when `server` does not answer, or is stopping
 * @throws when it refuses the password
 */
export async function takeShare(
  url: string,
  server: Postmaster,
  files: ServerFiles,
  onLost?: () => void,
): Promise<ServerShare | undefined> {
  let isHeld = false
  const sql = connect(url, () => {
    if (!isHeld) return
    isHeld = false
    void sql.end({ timeout: 0 })
    onLost?.()
  })
  const taken = await probe(sql`select pg_advisory_lock_shared(${shareKey})`)
  // The lock also comes free when the server ends; its lock file says so before.
  const now = readPostmaster(files.data)
  if (!taken || now?.pid !== server.pid || now.status !== 'ready') {
    await sql.end({ timeout: 0 })
    return undefined
  }
  isHeld = true
  return {
    async release(mode) {
      if (!isHeld) return 'lost'
      isHeld = false
      try {
        await sql`select pg_advisory_unlock_shared(${shareKey})`
        return (await stopIfLast(sql, files, mode)) ? 'stopped' : 'shared'
      } catch {
        return 'lost'
      } finally {
        await sql.end({ timeout: 0 })
      }
    },
  }
}

/**
 * Does what a process that died could not: stops the server unless another process holds a share. `pid` is the
 * server it used; undefined when it died while that was starting.
 * @returns whether the server is stopped
 */
export async function releaseForDeadProcess(
  files: ServerFiles,
  pid: number | undefined,
): Promise<boolean> {
  for (let waited = 0; waited < releaseTimeout; ) {
    const server = readPostmaster(files.data)
    if (pid !== undefined && server?.pid !== pid) return !server
    const isReady = server?.status === 'ready'
    if (isReady && (await stopUnused(server, files))) return true
    if (!server || isReady) waited += 100 // A server in recovery gets all the time it needs.
    await sleep(100)
  }
  return !readPostmaster(files.data)
}

/** @returns whether it is stopped; false too while it is stopping or not up yet */
async function stopUnused(server: Postmaster, files: ServerFiles): Promise<boolean> {
  const sql = connect(embeddedUrl(server.port, readPassword(files.data)))
  try {
    return await stopIfLast(sql, files, 'fast')
  } catch {
    return false
  } finally {
    await sql.end({ timeout: 0 })
  }
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
    connection: { application_name: 'shopboard share' },
  })

/** postgres.js never settles a query whose server closes the connection during start-up: hence the limit. */
async function probe<T>(query: PromiseLike<T>): Promise<T | undefined> {
  try {
    return await withTimeLimit(probeTimeout, () => query)
  } catch (error) {
    if (sqlStateOf(error) === '28P01') throw error
    return undefined
  }
}
