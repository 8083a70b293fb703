import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { parse } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { initialise, serverEnvironment } from './cluster.ts'
import { type Home, openHome } from './install.ts'
import {
  embeddedUrl,
  type Lease,
  readPassword,
  readPostmaster,
  removeStaleLock,
  type StopMode,
  takeLease,
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

const laptop = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_preload_libraries: 'pg_stat_statements',
  jit: 'off',
  max_wal_size: '2GB',
  random_page_cost: '1.1',
  log_checkpoints: 'off',
}
const careless = {
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
  const home = openHome(options.dir)
  const isThrowaway = options.durable === false
  await initialise(home, isThrowaway)
  const guard = startGuard(home, isThrowaway)
  try {
    const { lease, url, pid, adopted } = await joinOrLaunch(home, options)
    guard.stdin?.write(String(pid))
    return {
      url,
      dir: home.dir,
      adopted,
      pid,
      async stop(mode = 'fast') {
        const isStopped = await lease.release(mode)
        guard.kill('SIGKILL')
        if (isStopped && isThrowaway) rmSync(home.dir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    guard.stdin?.end() // It ends what was started, if anything was.
    throw error
  }
}

type Joined = Pick<Embedded, 'url' | 'pid' | 'adopted'> & { readonly lease: Lease }

async function joinOrLaunch(home: Home, options: EmbeddedOptions): Promise<Joined> {
  const deadline = Date.now() + startTimeout
  let launched: number | undefined
  let holder: string | undefined
  for (let launches = 0; Date.now() < deadline; await sleep(10)) {
    const server = readPostmaster(home.data)
    if (!server) {
      removeStaleLock(home.data)
      if (launches++ > 5) throw new Error(`PostgreSQL does not start. ${logTail(home)}`)
      launched = await launch(home, options)
      continue
    }
    holder = `process ${server.pid}, which says "${server.status}"`
    if (server.status !== 'ready') continue
    const password = readPassword(home.data)
    const url = (database?: string) => embeddedUrl(server.port, password, database)
    const lease = await takeLease(url(), server, home, options.onLost)
    if (lease) return { lease, url, pid: server.pid, adopted: server.pid !== launched }
  }
  throw new Error(
    `The data in ${home.dir} is held by ${holder} and does not answer. ${logTail(home)}`,
  )
}

/** @returns its process id once it is ready, or undefined when another start was faster */
async function launch(home: Home, options: EmbeddedOptions): Promise<number | undefined> {
  const settings = {
    ...laptop,
    ...(options.durable === false ? careless : {}),
    port: String(await freePort()),
    ...options.settings,
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const [file, args] = home.program('postgres', ['-D', home.data, ...flags])
  const log = openSync(home.log, 'a', 0o600)
  const { uid, gid } = home.ids
  if (uid !== undefined && gid !== undefined) chownSync(home.log, uid, gid)
  const started = statSync(home.log).size
  const child = spawn(file, args, {
    ...home.ids,
    cwd: parse(home.dir).root,
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
    const server = readPostmaster(home.data)
    if (server?.pid === child.pid && server?.status === 'ready') return child.pid
    await sleep(10)
  }
  const said = readFileSync(home.log, 'utf8').slice(started)
  if (/lock file .* already exists|could not create any TCP|is empty/.test(said)) return undefined
  throw new Error(`PostgreSQL did not start (${failed}). ${logTail(home)}`)
}

function startGuard(home: Home, isThrowaway: boolean): ChildProcess {
  const script = fileURLToPath(new URL('watchdog.ts', import.meta.url))
  const [pgCtl] = home.program('pg_ctl', [])
  const guard = spawn(
    process.execPath,
    [script, home.data, pgCtl, ...(isThrowaway ? [home.dir] : [])],
    {
      cwd: parse(home.dir).root,
      env: { ...process.env, NODE_OPTIONS: '' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    },
  )
  guard.unref()
  const input = guard.stdin
  input.on('error', () => {})
  if ('unref' in input && typeof input.unref === 'function') input.unref()
  return guard
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

const logTail = ({ log }: Home) =>
  existsSync(log)
    ? `Its log, ${log}, ends:\n${readFileSync(log, 'utf8').split('\n').slice(-6).join('\n')}`
    : ''
