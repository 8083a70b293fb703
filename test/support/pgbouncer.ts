import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { freePort } from './debian.ts'

const program = '/usr/sbin/pgbouncer'

/** Why tests that need it are skipped; undefined where it is there. */
export const withoutPgBouncer = existsSync(program) ? undefined : `there is no ${program}`

export type PgBouncer = {
  /** The database's url, by way of the pooler. */
  readonly url: string
  /** Ends the process at once, with all of its connections, and starts it anew on the same port. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

export type PgBouncerOptions = {
  readonly mode?: 'transaction' | 'session' | 'statement'
  /** Connections to the server; default 3. */
  readonly poolSize?: number
  /** Start-up parameters that it leaves out without a word. */
  readonly ignored?: readonly string[]
  /** The one database it knows, by that name; default any. */
  readonly database?: string
}

/** Debian's PgBouncer before the server at `url`, for whatever database and role a client names. */
export async function startPgBouncer(
  url: string,
  { mode = 'transaction', poolSize = 3, ignored = [], database = '*' }: PgBouncerOptions = {},
): Promise<PgBouncer> {
  const { hostname, port: serverPort, username, password } = new URL(url)
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'pgbouncer-'))
  const port = await freePort()
  const ini = join(dir, 'pgbouncer.ini')
  const secret = password ? ` password='${decodeURIComponent(password)}'` : ''
  writeFileSync(
    ini,
    `[databases]
${database} = host=${hostname} port=${serverPort || 5432} user=${username}${secret}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${poolSize}
max_client_conn = 200
server_login_retry = 1
ignore_startup_parameters = ${['extra_float_digits', ...ignored].join(', ')}
`,
  )
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']))
    for (const path of [dir, ini]) chownSync(path, id('-u'), id('-g'))
    chmodSync(dir, 0o755)
  }
  let running: ChildProcess | undefined
  const start = async () => {
    running = spawn(program, ['-q', ...(isRoot ? ['-u', 'postgres'] : []), ini], {
      stdio: 'ignore',
    })
    await vi.waitUntil(() => accepts(port), { timeout: 60_000 })
  }
  const kill = async () => {
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
  }
  // a test run that is broken off leaves none behind
  process.once('exit', () => running?.kill('SIGKILL'))
  await start()
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).toString(),
    async restart() {
      await kill()
      await start()
    },
    async stop() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
