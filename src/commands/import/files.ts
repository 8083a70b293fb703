import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCodeOf } from '../../errors/system.ts'
import { abbreviated } from './abbreviated.ts'
import { ImportError } from './error.ts'
import { type ImportTable, importTables } from './tables.ts'

export type ImportFile = {
  readonly table: ImportTable
  readonly name: string
  readonly path: string
  readonly format: 'csv' | 'ndjson'
  readonly isGzip: boolean
  /** Of CSV: what separates its fields; undefined where the header has to tell. */
  readonly delimiter?: string | undefined
  /** Bytes as they lie on the disk. */
  readonly size: number
  /** ms since 1970. */
  readonly changedAt: number
}

type Found = { readonly files: readonly ImportFile[]; readonly leftAlone: readonly string[] }

const fileName = /^(?<table>[a-z]+)\.(?<format>csv|ndjson)(?<gzip>\.gz)?$/
const ownFile = /^(rejects|skipped)-[a-z]+\.(csv|ndjson)(\.partial)?$/

/**
 * The files of `directory` that hold a table, parents before children, and the names of all others.
 * @throws ImportError when there is nothing to import or two files hold the same table
 */
export async function findFiles(directory: string, delimiter?: string): Promise<Found> {
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
    const { size, mtimeMs: changedAt } = await stat(path)
    const isGzip = name.endsWith('.gz')
    files.push({ table, name, path, format, isGzip, delimiter, size, changedAt })
  }

  const all = await readdir(directory)
  if (files.length === 0) throw nothingIn(directory, all.sort())
  const taken = new Set(files.map(({ name }) => name))
  return {
    files,
    leftAlone: all.filter((name) => !taken.has(name) && !ownFile.test(name)).sort(),
  }
}

function nothingIn(directory: string, names: readonly string[]): ImportError {
  const wanted = importTables.map(({ name }) => name).join(', ')
  const hints = names.flatMap((name) => hintOf(name) ?? [])
  const found = names.length > 0 ? ` It holds ${abbreviated(names)}.` : ' It is empty.'
  return new ImportError(
    [
      `${directory} has nothing to import: no <table>.csv[.gz] or <table>.ndjson[.gz] of ${wanted}.${found}`,
      ...hints.slice(0, 3),
    ].join(' '),
  )
}

/** How what looks like data can be made a file that is imported. */
function hintOf(name: string): string | undefined {
  const lower = name.toLowerCase()
  if (fileName.test(lower)) {
    return importTables.some((table) => lower.startsWith(`${table.name}.`)) && lower !== name
      ? `${name} would be imported as ${lower}.`
      : undefined
  }
  if (/\.(zip|tar|tgz|7z|rar|bz2|xz|zst)$/.test(lower) || lower.endsWith('.tar.gz'))
    return `${name} has to be unpacked first.`
  if (/\.json(\.gz)?$/.test(lower))
    return `${name} would have to be NDJSON, one object on each line, named .ndjson.`
  if (
    /\.(tsv|tab|txt|xlsx?|ods)(\.gz)?$/.test(lower) &&
    /^(users|posts|comments|sessions)\./.test(lower)
  )
    return `${name} would have to be CSV, named .csv.`
  return undefined
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
