import { join, resolve } from 'node:path'
import { findBundle } from './bundle.ts'
import type { Ids } from './directory.ts'
import { chooseRunner } from './runner.ts'

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

/** A data directory's path has to fit PostgreSQL's buffers of 1,024 bytes, file names included. */
const longestPath = 900

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
