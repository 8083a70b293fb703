import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type ImportOptions, importDirectory } from '../../../src/commands/import/import.ts'
import type { Summary, TableSummary } from '../../../src/commands/import/transaction.ts'
import type { Progress } from '../../../src/commands/progress.ts'

type Content = string | Buffer

/** A directory with these files, for one test. */
export async function directoryOf(files: Readonly<Record<string, Content>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'import test '))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(directory, name), content)
  }
  return directory
}

/** `posts.csv` with `count` rows. */
export const postsCsv = (count: number): string =>
  [
    'id,title,created_at',
    ...Array.from({ length: count }, (_, at) => `${at + 1},"Title, ${at}",2020-01-01`),
  ].join('\n')

export type Imported = {
  readonly summary: Summary
  readonly notes: readonly string[]
  readonly directory: string
  /** What became of a table's rows; zeros where it was not imported. */
  readonly table: (name: string) => Omit<TableSummary, 'table'>
}

export async function importFrom(
  databaseUrl: string,
  directory: string,
  options: Partial<ImportOptions> = {},
): Promise<Imported> {
  const notes: string[] = []
  const progress: Progress = {
    note: (text) => notes.push(text),
    step: () => ({ update: () => {}, end: () => {} }),
    stop: () => {},
  }
  const summary = await importDirectory({ databaseUrl, directory, progress, ...options })
  const none = {
    file: '',
    kept: 0,
    skipped: 0,
    differing: 0,
    differences: [],
    rejected: 0,
    authorsSetNull: 0,
  }
  return {
    summary,
    notes,
    directory,
    table: (name) => summary.tables.find(({ table }) => table === name) ?? none,
  }
}

export const importFiles = async (
  databaseUrl: string,
  files: Readonly<Record<string, Content>>,
  options: Partial<ImportOptions> = {},
): Promise<Imported> => importFrom(databaseUrl, await directoryOf(files), options)

type Reject = { readonly line: number; readonly reason: string; readonly record: string }

/** The rejected rows of a table's CSV in the order of their lines, and each record as it stood. */
export async function rejectsOf(directory: string, table: string): Promise<Reject[]> {
  const text = await readFile(join(directory, `rejects-${table}.csv`), 'utf8')
  const rows = text.slice(text.indexOf('\n') + 1).matchAll(row)
  return [...rows].map(([, record = '', line, reason = '']) => ({
    line: Number(line),
    reason: reason.replaceAll('""', '"'),
    record,
  }))
}

const row = /([\s\S]*?),"line (\d+): ((?:[^"\n]|"")*)"\r?\n/g
