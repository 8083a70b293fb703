import { sqlStateOf } from '../../errors/postgres.ts'
import { grouped, progressOn, type Terminal } from '../progress.ts'
import { ImportError } from './error.ts'
import { importDirectory, type Summary } from './import.ts'

export type ImportFlags = {
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
 * `import DIR`: imports into a migrated database, tells how it goes on `terminal`, and returns the exit code.
 * Ctrl-C rolls back.
 */
export async function runImport(
  databaseUrl: string,
  directory: string,
  flags: ImportFlags = {},
  terminal: Terminal = process.stdout,
): Promise<number> {
  const interruption = new AbortController()
  const interrupt = () => interruption.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const start = performance.now()
  try {
    const summary = await importDirectory({
      databaseUrl,
      directory,
      rejects: flags.rejects,
      isStrict: flags.strict ?? false,
      signal: interruption.signal,
      report: progressOn(terminal),
    })
    terminal.write(summaryText(summary, (performance.now() - start) / 1000))
    return summary.isCommitted ? 0 : 2
  } catch (error) {
    const text = interruption.signal.aborted ? 'Interrupted' : failureText(error)
    process.stderr.write(`${text.replace(/\.?$/, '.')} Nothing was imported.\n`)
    return interruption.signal.aborted ? 130 : 1
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

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
