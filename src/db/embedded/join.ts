import { setTimeout as sleep } from 'node:timers/promises'
import { sqlStateOf } from '../../errors/postgres.ts'
import type { Installation } from './install.ts'
import { launchServer, logTail, type Settings } from './launch.ts'
import { type Postmaster, readPostmaster, removeStaleLock } from './postmaster.ts'
import { embeddedUrl, passwordFile, readPassword, type ServerShare, takeShare } from './share.ts'

export type JoinOptions = {
  readonly isThrowaway: boolean
  readonly settings?: Settings
  /** Gives the joining up; what was launched by then is left to the watchdog. */
  readonly signal: AbortSignal
  /** Called when the server ends before the share is released. */
  readonly onLost: () => void
}
export type Joined = {
  readonly server: Postmaster
  readonly share: ServerShare
  readonly url: (database?: string) => string
  /** Another process launched it. */
  readonly wasRunning: boolean
}

/** ms. Long enough for a recovery after a crash under load. */
const startTimeout = 120_000
/** Launches after which a server that always exits is given up. */
const mostLaunches = 6

/**
 * Joins the server that is ready, waits for one that is starting, launches one where none is.
 * @throws a plain sentence that says what stands in the way, or who holds the data
 */
export async function joinOrLaunch(
  installation: Installation,
  { isThrowaway, settings, signal, onLost }: JoinOptions,
): Promise<Joined> {
  const deadline = Date.now() + startTimeout
  const password = readPassword(installation.data)
  let launchedPid: number | undefined
  let found: Postmaster | undefined
  for (let launches = 0; Date.now() < deadline; await sleep(10, undefined, { signal })) {
    const server = readPostmaster(installation.data)
    if (!server) {
      removeStaleLock(installation.data)
      if (++launches > mostLaunches)
        throw new Error(`PostgreSQL does not start. ${logTail(installation)}`)
      launchedPid = await launchServer(installation, isThrowaway, settings, signal)
      continue
    }
    found = server
    if (server.status !== 'ready') continue
    const url = (database?: string) => embeddedUrl(server.port, password, database)
    const share = await takeShare(url(), server, installation, onLost).catch((error: unknown) => {
      throw refusal(error, installation, launchedPid)
    })
    if (share) return { server, share, url, wasRunning: server.pid !== launchedPid }
  }
  const holder = found && `process ${found.pid}, which says "${found.status}"`
  throw new Error(
    `The data in ${installation.dir} is held by ${holder} and does not answer. ${logTail(installation)}`,
  )
}

/** Nobody can join a server with another password, so nobody else would stop it. */
function refusal(error: unknown, { data }: Installation, launchedPid: number | undefined): unknown {
  if (sqlStateOf(error) !== '28P01') return error
  if (launchedPid !== undefined) process.kill(launchedPid, 'SIGINT')
  return new Error(
    `The embedded PostgreSQL refuses the password in ${passwordFile(data)}: put back the one it was made with.`,
    { cause: error },
  )
}
