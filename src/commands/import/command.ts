import { confirmOn } from '../confirm.ts'
import { tellFailure } from '../failure.ts'
import { untilInterrupted } from '../interruption.ts'
import type { DatabaseCommand } from '../on-database.ts'
import { progressOn } from '../progress.ts'
import { importDirectory } from './import.ts'
import { exitCodeOf, summaryText } from './summary.ts'

export type ImportFlags = {
  /** Of the files. */
  readonly directory: string
  readonly rejects?: string | undefined
  readonly strict?: boolean | undefined
  readonly dryRun?: boolean | undefined
  readonly replace?: boolean | undefined
  readonly delimiter?: string | undefined
}

/** What `--help` says below the flags. */
export const importHelp = `
Files: users, posts, comments and sessions, each as <table>.csv, .csv.gz, .ndjson or .ndjson.gz; UTF-8.
Columns go by their name (created_at or createdAt), unknown ones are ignored, missing ones take their
defaults; an empty field is null, a time without a zone is UTC. Rows already there (by id) are skipped, and told
where they differ; an author that exists nowhere becomes null, and a row that cannot be kept is written to
rejects-<table>.csv or .ndjson with the reason: corrected and renamed to <table>.csv it can be imported.
Everything is imported in one transaction: all that can be kept, or nothing.
Exit code: 0, 1 on failure, 2 when a file has rows and none of them is in the database afterwards, or with
--strict when any was rejected, 130 when interrupted (143 by SIGTERM).`

/** `import DIR`: imports, tells how it goes, and returns the exit code `importHelp` gives. Ctrl-C rolls back. */
export const runImport: DatabaseCommand<ImportFlags> = ({ url }, flags, terminal) =>
  untilInterrupted(async (signal) => {
    const start = performance.now()
    const progress = progressOn(terminal)
    const notes: string[] = []
    const isDryRun = flags.dryRun ?? false
    const mayReplace = confirmOn(terminal, 'Replace the demo community?', signal)
    try {
      const summary = await importDirectory({
        databaseUrl: url,
        directory: flags.directory,
        rejects: flags.rejects,
        delimiter: flags.delimiter,
        isStrict: flags.strict ?? false,
        isReplacing: flags.replace ?? false,
        isDryRun,
        ...(mayReplace && { mayReplace }),
        signal,
        progress: {
          ...progress,
          note(text) {
            notes.push(text)
            progress.note(text)
          },
        },
      })
      const seconds = (performance.now() - start) / 1000
      const { isCommitted, isRefused: _, ...told } = summary
      terminal.tell?.({ committed: isCommitted, dryRun: isDryRun, ...told, seconds, notes })
      terminal.stdout.write(summaryText(summary, seconds))
      return exitCodeOf(summary)
    } catch (error) {
      progress.stop()
      return tellFailure(terminal.stderr, error, signal, 'imported')
    }
  })
