import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { parse } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { initialise, serverEnvironment } from './cluster.ts'
import { type Installation, openInstallation } from './install.ts'
import {
  embeddedUrl,
  readPassword,
  readPostmaster,
  removeStaleLock,
  type ServerShare,
  type StopMode,
  takeShare,
} from './share.ts'

export type EmbeddedOptions = {
  /** Holds the data and the log; made when missing. */
  readonly dir: string
  /** False gives a server for tests: nothing is synced to disk, and `dir` is removed with it. */
  readonly durable?: boolean
  /** PostgreSQL settings over the ones below. */
  readonly settings?: Readonly<Record<string, string>>
  /** Called when the server goes away before `stop`. */
  readonly onLost?: () => void
}
export type Embedded = {
  readonly url: (database?: string) => string
  /** Where the data is: not in the directory asked for when root's server could not reach that. */
  readonly dir: string
  /** It ran already: another process started it. */
  readonly adopted: boolean
  readonly pid: number
  /** Leaves the server; it stops unless another process still uses it. */
  readonly stop: (mode?: StopMode) => Promise<void>
}

const defaultSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_preload_libraries: 'pg_stat_statements',
  jit: 'off',
  max_wal_size: '2GB',
  random_page_cost: '1.1',
  log_checkpoints: 'off',
}
const throwawaySettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  dynamic_shared_memory_type: 'mmap', // Goes with the directory even when nobody cleans up.
}
/** ms. Long enough for a recovery after a crash under load. */
const startTimeout = 120_000

/**
 * Starts the bundled PostgreSQL on the data in `dir`, or joins the one that already runs there. It ends with
 * the last process that uses it, even one that is killed.
 * @throws a plain sentence that says what stands in the way, or who holds the data
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const installation = openInstallation(options.dir)
  const isThrowaway = options.durable === false
  await initialise(installation, isThrowaway)
  const watchdog = startWatchdog(installation, isThrowaway)
  try {
    const { lease, url, pid, adopted } = await joinOrLaunch(installation, options)
    watchdog.stdin?.write(String(pid))
    return {
      url,
      dir: installation.dir,
      adopted,
      pid,
      async stop(mode = 'fast') {
        const isStopped = await lease.release(mode)
        watchdog.kill('SIGKILL')
        if (isStopped && isThrowaway) rmSync(installation.dir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    watchdog.stdin?.end() // It ends what was started, if anything was.
    throw error
  }
}

type Joined = Pick<Embedded, 'url' | 'pid' | 'adopted'> & { readonly lease: ServerShare }

async function joinOrLaunch(installation: Installation, options: EmbeddedOptions): Promise<Joined> {
  const deadline = Date.now() + startTimeout
  let launched: number | undefined
  let holder: string | undefined
  for (let launches = 0; Date.now() < deadline; await sleep(10)) {
    const server = readPostmaster(installation.data)
    if (!server) {
      removeStaleLock(installation.data)
      if (launches++ > 5) throw new Error(`PostgreSQL does not start. ${logTail(installation)}`)
      launched = await launch(installation, options)
      continue
    }
    holder = `process ${server.pid}, which says "${server.status}"`
    if (server.status !== 'ready') continue
    const password = readPassword(installation.data)
    const url = (database?: string) => embeddedUrl(server.port, password, database)
    const lease = await takeShare(url(), server, installation, options.onLost)
    if (lease) return { lease, url, pid: server.pid, adopted: server.pid !== launched }
  }
  throw new Error(
    `The data in ${installation.dir} is held by ${holder} and does not answer. ${logTail(installation)}`,
  )
}

/** @returns its process id once it is ready, or undefined when another start was faster */
async function launch(
  installation: Installation,
  options: EmbeddedOptions,
): Promise<number | undefined> {
  const settings = {
    ...defaultSettings,
    ...(options.durable === false ? throwawaySettings : {}),
    port: String(await freePort()),
    ...options.settings,
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const [file, args] = installation.program('postgres', ['-D', installation.data, ...flags])
  const log = openSync(installation.log, 'a', 0o600)
  const { uid, gid } = installation.ids
  if (uid !== undefined && gid !== undefined) chownSync(installation.log, uid, gid)
  const started = statSync(installation.log).size
  const child = spawn(file, args, {
    ...installation.ids,
    cwd: parse(installation.dir).root,
    env: serverEnvironment(),
    detached: true, // Ctrl-C must reach the application first.
    stdio: ['ignore', log, log],
    windowsHide: true,
  })
  closeSync(log)
  child.unref()
  const failure = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`exit ${code ?? signal}`))
  })
  let failed: string | undefined
  failure.then((reason) => {
    failed = reason
  })
  while (!failed) {
    const server = readPostmaster(installation.data)
    if (server?.pid === child.pid && server?.status === 'ready') return child.pid
    await sleep(10)
  }
  const said = readFileSync(installation.log, 'utf8').slice(started)
  if (/lock file .* already exists|could not create any TCP|is empty/.test(said)) return undefined
  throw new Error(`PostgreSQL did not start (${failed}). ${logTail(installation)}`)
}

function startWatchdog(installation: Installation, isThrowaway: boolean): ChildProcess {
  const script = fileURLToPath(new URL('watchdog.ts', import.meta.url))
  const [pgCtl] = installation.program('pg_ctl', [])
  const watchdog = spawn(
    process.execPath,
    [script, installation.data, pgCtl, ...(isThrowaway ? [installation.dir] : [])],
    {
      cwd: parse(installation.dir).root,
      env: { ...process.env, NODE_OPTIONS: '' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    },
  )
  watchdog.unref()
  const input = watchdog.stdin
  input.on('error', () => {})
  if ('unref' in input && typeof input.unref === 'function') input.unref()
  return watchdog
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

const logTail = ({ log }: Installation) =>
  existsSync(log)
    ? `Its log, ${log}, ends:\n${readFileSync(log, 'utf8').split('\n').slice(-6).join('\n')}`
    : ''
