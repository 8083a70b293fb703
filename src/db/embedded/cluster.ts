import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join, parse } from 'node:path'
import { promisify } from 'node:util'
import { systemCodeOf } from '../../errors/system.ts'
import type { Installation } from './install.ts'
import { isAlive } from './postmaster.ts'

/** Bytes; a longer log is emptied at the next start. */
const longestLog = 16 * 2 ** 20

/**
 * Makes the cluster of an installation unless it has one: under another name, then renamed, so that a start that is
 * killed leaves no half of one.
 * @throws a plain sentence where the directory holds data of another user or major version, or cannot be written
 */
export async function initialise(installation: Installation, isThrowaway: boolean): Promise<void> {
  refuseForeignData(installation)
  if (existsSync(installation.log) && statSync(installation.log).size > longestLog)
    truncateSync(installation.log)
  removeLeftovers(installation)
  if (!hasCluster(installation)) await makeCluster(installation, isThrowaway)
}

async function makeCluster(installation: Installation, isThrowaway: boolean): Promise<void> {
  const part = `${installation.data}.init-${process.pid}`
  const secret = `${part}.password`
  writeSecret(installation, secret)
  const locale = [
    '-E',
    'UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${secret}`]
  const [file, args] = installation.program('initdb', [
    ...['-D', part, ...login, ...locale],
    ...(isThrowaway ? ['--no-sync'] : []),
  ])
  const initdb = promisify(execFile)(file, args, {
    ...installation.ids,
    cwd: parse(installation.dir).root,
    env: serverEnvironment(),
  })
  const killInitdb = () => initdb.child.kill()
  process.once('exit', killInitdb)
  try {
    await initdb
    renameSync(secret, join(part, 'password'))
    renameSync(part, installation.data)
  } catch (error) {
    if (hasCluster(installation)) return // Another process made it first.
    throw new Error(`Cannot make a database in ${installation.dir}: ${reasonOf(error)}`, {
      cause: error,
    })
  } finally {
    process.off('exit', killInitdb)
    removeLeftovers(installation)
  }
}

export const hasCluster = ({ data }: Installation) => existsSync(join(data, 'PG_VERSION'))

/** A password the server's user can read. */
function writeSecret({ dir, ids: { uid, gid } }: Installation, file: string): void {
  try {
    writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 })
    if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid)
  } catch (error) {
    throw new Error(`Cannot write in ${dir}: ${reasonOf(error)}`, { cause: error })
  }
}

function refuseForeignData({ dir, data, major }: Installation): void {
  try {
    const own = existsSync(data) ? data : dir
    readdirSync(own)
    // Root's server runs as another user: whether that can write, the installation has found out.
    if (process.getuid?.() !== 0) accessSync(own, constants.W_OK)
    const other = readdirSync(dir).find((name) => /^pg\d+$/.test(name))
    if (other && !existsSync(data))
      throw new Error(
        `${dir} holds the data of PostgreSQL ${other.slice(2)}, and the bundled server is ${major}. Move it over with pg_dump, or choose another DATA_DIR.`,
      )
  } catch (error) {
    if (systemCodeOf(error) !== 'EACCES') throw error
    const owner = statSync(existsSync(data) ? data : dir).uid
    const advice =
      owner === process.getuid?.()
        ? `is not to be written by its owner, user ${owner}: allow it (chmod -R u+rwX)`
        : `belongs to user ${owner}: start as that user`
    throw new Error(`The data in ${dir} ${advice}, or choose another DATA_DIR.`, { cause: error })
  }
}

/** Removes what a process left that was killed while it made the cluster. */
function removeLeftovers({ dir }: Installation): void {
  for (const name of readdirSync(dir)) {
    const pid = Number(/\.init-(\d+)/.exec(name)?.[1])
    if (pid === process.pid || (pid > 0 && !isAlive(pid)))
      rmSync(join(dir, name), { recursive: true, force: true })
  }
}

/** The environment without libpq's and locale variables: with LANG unset the server would be SQL_ASCII. */
export const serverEnvironment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name)),
  ),
  LC_ALL: 'C',
  TZ: 'UTC',
})

const reasonOf = (error: unknown) => {
  if (!(error instanceof Error)) return String(error)
  return 'stderr' in error && error.stderr ? String(error.stderr).trim() : error.message
}
