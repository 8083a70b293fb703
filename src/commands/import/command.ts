import { tellFailure } from '../failure.ts'
import { grouped } from '../grouped.ts'
import { untilInterrupted } from '../interruption.ts'
import type { DatabaseCommand } from '../on-database.ts'
import { progressOn } from '../progress.ts'
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
Exit code: 0, 1 on failure, 2 with --strict when anything was rejected, 130 when interrupted
(143 by SIGTERM).`

/** `import DIR`: imports, tells how it goes, and returns the exit code `importHelp` gives. Ctrl-C rolls back. */
export const runImport: DatabaseCommand<ImportFlags> = ({ url }, flags, terminal) =>
  untilInterrupted(async (signal) => {
    const start = performance.now()
    const progress = progressOn(terminal)
    try {
      const summary = await importDirectory({
        databaseUrl: url,
        directory: flags.directory,
        rejects: flags.rejects,
        isStrict: flags.strict ?? false,
        signal,
        progress,
      })
      terminal.stdout.write(summaryText(summary, (performance.now() - start) / 1000))
      return summary.isCommitted ? 0 : 2
    } catch (error) {
      progress.stop()
      return tellFailure(terminal.stderr, error, signal, 'imported')
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
