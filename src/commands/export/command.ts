import { tellFailure } from '../failure.ts'
import { counted, grouped } from '../grouped.ts'
import { untilInterrupted } from '../interruption.ts'
import type { DatabaseCommand } from '../on-database.ts'
import { progressOn } from '../progress.ts'
import { type Exported, exportTo } from './export.ts'
import type { Format } from './lines.ts'

export type ExportFlags = {
  /** Of the files. */
  readonly directory: string
  readonly format: Format
  readonly plain?: boolean | undefined
  readonly force?: boolean | undefined
}

/** What `--help` says below the flags. */
export const exportHelp = `
Writes users, posts, comments and sessions, each as <table>.csv.gz: all rows of one snapshot with all columns, e-mail
addresses and what is deleted too. Only you may read the files; "import" reads them into an empty database, which is the
same afterwards. They get their names once all are written: a run that ends before leaves none.
Exit code: 0, 1 on failure, 130 when interrupted (143 by SIGTERM).`

/** `export DIR`: exports, tells how it goes, and returns the exit code `exportHelp` gives. */
export const runExport: DatabaseCommand<ExportFlags> = ({ url }, flags, terminal) =>
  untilInterrupted(async (signal) => {
    const start = performance.now()
    const progress = progressOn(terminal)
    const { directory, format } = flags
    try {
      const tables = await exportTo({
        databaseUrl: url,
        directory,
        format,
        isPacked: !flags.plain,
        isForced: flags.force ?? false,
        signal,
        progress,
      })
      const seconds = (performance.now() - start) / 1000
      terminal.tell?.({ directory, format, tables, seconds })
      terminal.stdout.write(summaryText(tables, directory, seconds))
      return 0
    } catch (error) {
      progress.stop()
      return tellFailure(terminal.stderr, error, signal, 'exported')
    }
  })

function summaryText(tables: readonly Exported[], directory: string, seconds: number): string {
  const rows = tables.reduce((sum, each) => sum + each.rows, 0)
  const lines = tables.map((each) => `${each.file}: ${counted(each.rows, 'row')}, ${sizeOf(each)}`)
  return `\n${lines.join('\n')}\n\nExported ${counted(rows, 'row')} to ${directory} in ${seconds.toFixed(1)} s.\n`
}

const sizeOf = ({ bytes }: Exported) =>
  bytes < 2 ** 20
    ? `${grouped(Math.ceil(bytes / 1024))} KiB`
    : `${grouped(Math.round(bytes / 2 ** 20))} MiB`
