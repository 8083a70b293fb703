import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { initialise } from './cluster.ts'
import { type Installation, openInstallation } from './install.ts'
import { launchServer, launchWatchdog, logTail, type Settings } from './launch.ts'
import { type Postmaster, readPostmaster, removeStaleLock } from './postmaster.ts'
import { embeddedUrl, readPassword, type ServerShare, type StopMode, takeShare } from './share.ts'

export type EmbeddedOptions = {
  /** Holds the data and the log; made when missing. */
  readonly dir: string
  /** False gives a server for tests: nothing is synced to disk, and `dir` is removed with it. */
  readonly durable?: boolean
  /** Take precedence over Shopboard's own. */
  readonly settings?: Settings
  /** Called when the server ends before `stop`. */
  readonly onLost?: () => void
}
export type Embedded = {
  readonly url: (database?: string) => string
  /** Where the data is: not in the directory asked for when root's server could not reach that. */
  readonly dir: string
  /** Another process started it. */
  readonly wasRunning: boolean
  readonly pid: number
  /** Releases the server; it stops unless another process still uses it. */
  readonly stop: (mode?: StopMode) => Promise<void>
}

/** ms. Long enough for a recovery after a crash under load. */
const startTimeout = 120_000
/** Launches after which a server that always exits is given up. */
const mostLaunches = 6

/**
 * Starts the bundled PostgreSQL on the data in `dir`, or joins the one that already runs there. It ends with
 * the last process that uses it, even one that is killed.
 * @throws a plain sentence that says what stands in the way, or who holds the data
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const installation = openInstallation(options.dir)
  const isThrowaway = options.durable === false
  await initialise(installation, isThrowaway)
  const watchdog = launchWatchdog(installation, isThrowaway)
  try {
    const { share, ...server } = await joinOrLaunch(installation, isThrowaway, options)
    watchdog.stdin?.write(String(server.pid))
    return {
      ...server,
      dir: installation.dir,
      async stop(mode = 'fast') {
        const isStopped = await share.release(mode)
        watchdog.kill('SIGKILL')
        if (isStopped && isThrowaway) rmSync(installation.dir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    watchdog.stdin?.end() // It stops what was launched, if anything was.
    throw error
  }
}

type Joined = Pick<Embedded, 'url' | 'pid' | 'wasRunning'> & { readonly share: ServerShare }

/** Joins the server that is ready, waits for one that is starting, launches one where none is. */
async function joinOrLaunch(
  installation: Installation,
  isThrowaway: boolean,
  { settings, onLost }: EmbeddedOptions,
): Promise<Joined> {
  const deadline = Date.now() + startTimeout
  let launchedPid: number | undefined
  let found: Postmaster | undefined
  for (let launches = 0; Date.now() < deadline; await sleep(10)) {
    const server = readPostmaster(installation.data)
    if (!server) {
      removeStaleLock(installation.data)
      if (++launches > mostLaunches)
        throw new Error(`PostgreSQL does not start. ${logTail(installation)}`)
      launchedPid = await launchServer(installation, isThrowaway, settings)
      continue
    }
    found = server
    if (server.status !== 'ready') continue
    const password = readPassword(installation.data)
    const url = (database?: string) => embeddedUrl(server.port, password, database)
    const share = await takeShare(url(), server, installation, onLost)
    if (share) return { share, url, pid: server.pid, wasRunning: server.pid !== launchedPid }
  }
  const holder = found && `process ${found.pid}, which says "${found.status}"`
  throw new Error(
    `The data in ${installation.dir} is held by ${holder} and does not answer. ${logTail(installation)}`,
  )
}
