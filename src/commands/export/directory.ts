import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCodeOf } from '../../errors/system.ts'
import { importTables } from '../import/tables.ts'

/** Where an export goes: nothing has its name there before all of it is written. */
export type ExportDirectory = {
  /** Where the file of that name is written until it is published. */
  readonly partial: (name: string) => string
  /** Gives the files their names; those of an earlier export of these tables go. */
  readonly publish: (names: readonly string[]) => Promise<void>
  readonly discard: (names: readonly string[]) => Promise<void>
}

/**
 * Makes the directory if there is none.
 * @throws Error when it holds what `import` would read, unless that is to be replaced
 */
export async function exportDirectory(path: string, isForced: boolean): Promise<ExportDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    if (systemCodeOf(error) === 'EEXIST') throw new Error(`${path} is not a directory`)
    throw error
  })
  const before = (await readdir(path)).filter((name) => tableFile.test(name)).sort()
  if (before.length > 0 && !isForced)
    throw new Error(`${path} holds ${before.join(', ')}: name another directory, or --force`)
  const partial = (name: string) => join(path, `${name}.partial`)
  return {
    partial,
    async publish(names) {
      for (const name of names) await rename(partial(name), join(path, name))
      const stale = before.filter((name) => !names.includes(name))
      for (const name of stale) await rm(join(path, name), { force: true })
    },
    async discard(names) {
      for (const name of names) await rm(partial(name), { force: true })
    },
  }
}

const tableFile = new RegExp(
  `^(${importTables.map(({ name }) => name).join('|')})\\.(csv|ndjson)(\\.gz)?$`,
)
