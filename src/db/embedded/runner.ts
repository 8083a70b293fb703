import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Bundle, commonCopy } from './bundle.ts'
import { chownTo, createDirectory, type Ids, refuseReadOnly, replacementOf } from './directory.ts'

/** Who runs the server: a user, or a command before it. */
type Runner = Ids & { readonly prefix?: readonly string[] }

/**
 * PostgreSQL refuses to run as root: finds who can run it instead, and from where.
 * @throws a plain sentence where nobody can, or nowhere
 */
export function chooseRunner(
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
