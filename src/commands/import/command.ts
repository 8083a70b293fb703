import { sqlStateOf } from '../../errors/postgres.ts'
import { grouped } from '../grouped.ts'
import { untilInterrupted } from '../interruption.ts'
import type { DatabaseCommand } from '../on-database.ts'
import { progressOn } from '../progress.ts'
import { ImportError } from './error.ts'
import { importDirectory } from './import.ts'
import type { Summary } from './transaction.ts'

export type ImportFlags = {
  /** Of the files. */
  readonly directory: string
  readonly rejects?: string | undefined
  readonly strict?: boolean | undefined
}

/** What `--help` says below the flags. */
export const importHelp = `
Files: users, posts, comments and sessions, each as <table>.csv, .csv.gz, .ndjson or .ndjson.gz; UTF-8.
Columns go by their name (created_at or createdAt), unknown ones are ignored, missing ones take their
defaults; an empty field is null, a time without a zone is UTC. Rows already there (by id) are skipped, an
author that exists nowhere becomes null, and a row that cannot be kept is written to rejects-<table>.csv with
its line and the reason. Everything is imported in one transaction: all that can be kept, or nothing.
With --strict one rejected row is enough to import nothing.
Exit code: 0, 1 on failure, 2 with --strict when anything was rejected, 130 when interrupted.`

/**
 * `import DIR`: imports, tells how it goes, and returns the exit code `importHelp` gives. Ctrl-C rolls back.
 */
export const runImport: DatabaseCommand<ImportFlags> = ({ url }, flags, { stdout, stderr }) =>
  untilInterrupted(async (signal) => {
    const start = performance.now()
    try {
      const summary = await importDirectory({
        databaseUrl: url,
        directory: flags.directory,
        rejects: flags.rejects,
        isStrict: flags.strict ?? false,
        signal,
        progress: progressOn(stdout),
      })
      stdout.write(summaryText(summary, (performance.now() - start) / 1000))
      return summary.isCommitted ? 0 : 2
    } catch (error) {
      const reason = signal.aborted ? 'Interrupted' : failureText(error)
      stderr.write(`${reason.replace(/\.?$/, '.')} Nothing was imported.\n`)
      return signal.aborted ? 130 : 1
    }
  })

function summaryText({ tables, isCommitted }: Summary, seconds: number): string {
  const rows = [
    ['', 'kept', 'skipped', 'rejected', 'authors set null'],
    ...tables.map(({ table, kept, skipped, rejected, authorsSetNull }) => [
      table,
      ...[kept, skipped, rejected, authorsSetNull].map(grouped),
    ]),
  ]
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  const aligned = rows.map((row) =>
    row.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0),
    ),
  )
  const total = tables.reduce((sum, { kept }) => sum + kept, 0)
  const rejects = tables.flatMap(({ rejects }) => rejects ?? [])

  return [
    '',
    ...aligned.map((row) => row.join('  ').trimEnd()),
    '',
    ...rejects.map((path) => `Rejected rows and why: ${path}`),
    isCommitted
      ? `Imported ${grouped(total)} rows in ${seconds.toFixed(1)} s.`
      : 'Nothing was imported: rows were rejected and --strict allows none.',
    '',
  ].join('\n')
}

/** One line for the operator: the driver's codes stand in for messages it leaves empty. */
function failureText(error: unknown): string {
  if (error instanceof ImportError) return error.message
  if (error instanceof AggregateError) return failureText(error.errors[0])
  if (!(error instanceof Error)) return `Import failed: ${error}`
  const code = 'code' in error ? String(error.code) : ''
  if (sqlStateOf(error) === '42P01') {
    return `The database is not up to date (${error.message}): run "migrate" first`
  }
  if (code.startsWith('CONNECTION_'))
    return 'Import failed: the connection to the database was lost'
  return `Import failed: ${error.message || code}`
}
