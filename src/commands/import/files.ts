import { constants } from 'node:fs'
import { access, mkdir, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { systemCodeOf } from '../../errors/system.ts'
import { ImportError } from './error.ts'
import { type ImportTable, importTables } from './tables.ts'

export type ImportFile = {
  readonly table: ImportTable
  readonly name: string
  readonly path: string
  readonly format: 'csv' | 'ndjson'
  readonly isGzip: boolean
  /** Bytes as they lie on the disk. */
  readonly size: number
}

type Found = { readonly files: readonly ImportFile[]; readonly leftAlone: readonly string[] }

const fileName = /^(?<table>[a-z]+)\.(?<format>csv|ndjson)(?<gzip>\.gz)?$/
const ownRejects = /^rejects-[a-z]+\.csv$/

/**
 * The files of `directory` that hold a table, parents before children, and the names of all others.
 * @throws ImportError when there is nothing to import or two files hold the same table
 */
export async function findFiles(directory: string): Promise<Found> {
  const names = await namesIn(directory)
  const files: ImportFile[] = []

  for (const table of importTables) {
    const [name, ...others] = names.filter(
      (each) => fileName.exec(each)?.groups?.table === table.name,
    )
    if (!name) continue
    if (others.length > 0) {
      throw new ImportError(`${[name, ...others].join(' and ')} both hold ${table.name}: keep one.`)
    }
    const path = join(directory, name)
    const format = name.includes('.ndjson') ? 'ndjson' : 'csv'
    const { size } = await stat(path)
    files.push({ table, name, path, format, isGzip: name.endsWith('.gz'), size })
  }

  if (files.length === 0) {
    const wanted = importTables.map(({ name }) => name).join(', ')
    throw new ImportError(
      `${directory} has nothing to import: no <table>.csv[.gz] or <table>.ndjson[.gz] of ${wanted}.`,
    )
  }
  const taken = new Set(files.map(({ name }) => name))
  const all = await readdir(directory)
  return {
    files,
    leftAlone: all.filter((name) => !taken.has(name) && !ownRejects.test(name)).sort(),
  }
}

/**
 * Where rejected rows will be written: `wanted`, made if need be; by default `directory`, and the current
 * directory where that cannot be written.
 * @throws ImportError when it cannot be written
 */
export async function rejectsDirectory(directory: string, wanted?: string): Promise<string> {
  if (wanted === undefined) {
    const writable = await firstWritable([resolve(directory), process.cwd()])
    if (writable) return writable
  } else {
    const path = resolve(wanted)
    const made = await mkdir(path, { recursive: true }).then(
      () => firstWritable([path]),
      () => undefined,
    )
    if (made) return made
  }
  throw new ImportError(
    `Rejected rows cannot be written to ${wanted ?? directory}: name a writable directory with --rejects.`,
  )
}

async function namesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error: Error) => {
    const code = systemCodeOf(error)
    if (code === 'ENOENT') throw new ImportError(`${directory} does not exist.`)
    if (code === 'ENOTDIR') throw new ImportError(`${directory} is not a directory.`)
    throw new ImportError(`${directory} cannot be read: ${error.message}.`)
  })
  const stats = await Promise.all(
    names.map((name) => stat(join(directory, name)).catch(() => undefined)),
  )
  return names.filter((_, at) => stats[at]?.isFile()).sort()
}

async function firstWritable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isWritable = await access(path, constants.W_OK).then(
      () => true,
      () => false,
    )
    if (isWritable) return path
  }
  return undefined
}
