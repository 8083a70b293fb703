import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { extname, parse } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { serverEnvironment } from './cluster.ts'
import type { Installation } from './install.ts'
import { lastPort, readPostmaster } from './postmaster.ts'

/** PostgreSQL settings by name. */
export type Settings = Readonly<Record<string, string>>

const defaultSettings: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_preload_libraries: 'pg_stat_statements',
  jit: 'off',
  max_wal_size: '2GB',
  random_page_cost: '1.1',
  log_checkpoints: 'off',
}
const throwawaySettings: Settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  dynamic_shared_memory_type: 'mmap', // Removed with the directory, even after a crash.
}

/** What the log says when another process launched the server first. */
const lostRace = /lock file .* already exists|could not create any TCP|is empty/

/**
 * Launches the server on the port of one that was killed, else on any that is free.
 * @returns its process id once it accepts connections, or undefined when another process launched it first or `signal`
 * gave it up
 * @throws a plain sentence with the end of its log when it does not start
 */
export async function launchServer(
  installation: Installation,
  isThrowaway: boolean,
  settings: Settings = {},
  signal?: AbortSignal,
): Promise<number | undefined> {
  const all = {
    ...defaultSettings,
    ...(isThrowaway ? throwawaySettings : {}),
    port: String(await freePort(lastPort(installation.data))),
    ...settings,
  }
  const { child, logSizeBefore } = spawnServer(installation, all)
  let failure: string | undefined
  child.once('error', (error) => {
    failure = error.message
  })
  child.once('exit', (code, signal) => {
    failure = `exit ${code ?? signal}`
  })
  while (!failure) {
    if (signal?.aborted) return undefined
    const server = readPostmaster(installation.data)
    if (server?.pid === child.pid && server?.status === 'ready') return child.pid
    await sleep(10)
  }
  const logged = readFileSync(installation.log, 'utf8').slice(logSizeBefore)
  if (lostRace.test(logged)) return undefined
  throw new Error(`PostgreSQL did not start (${failure}). ${logTail(installation)}`)
}

function spawnServer(
  installation: Installation,
  settings: Settings,
): { child: ChildProcess; logSizeBefore: number } {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const [file, args] = installation.program('postgres', ['-D', installation.data, ...flags])
  const log = openSync(installation.log, 'a', 0o600)
  const { uid, gid } = installation.ids
  if (uid !== undefined && gid !== undefined) chownSync(installation.log, uid, gid)
  const logSizeBefore = statSync(installation.log).size
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
  return { child, logSizeBefore }
}

/** Launches the watchdog of this process; its standard input takes the server's process id, one a line. */
export function launchWatchdog(installation: Installation, isThrowaway: boolean): ChildProcess {
  // compiled to JavaScript it starts the compiled one
  const name = `watchdog${extname(import.meta.url)}`
  const script = fileURLToPath(new URL(name, import.meta.url))
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

/** The last lines of the server's log, for an error message. */
export const logTail = ({ log }: Installation): string =>
  existsSync(log)
    ? `Its log, ${log}, ends:\n${readFileSync(log, 'utf8').split('\n').slice(-6).join('\n')}`
    : ''

/** `wanted` if it is free, else any; 0 is any. */
const freePort = (wanted: number): Promise<number> =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once('error', (error) =>
      wanted === 0 ? reject(error) : resolve(freePort(0)),
    )
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
