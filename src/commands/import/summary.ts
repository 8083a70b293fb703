import { counted, grouped } from '../grouped.ts'
import type { Summary, TableSummary } from './transaction.ts'

/** 2 where strictness kept everything out, or a file with rows has none of them in the database; else 0. */
export const exitCodeOf = ({ tables, isRefused }: Summary): number =>
  isRefused || tables.some(isLost) ? 2 : 0

const isLost = ({ kept, skipped, differing, rejected }: TableSummary) =>
  kept + skipped + rejected > 0 && kept + skipped - differing === 0

/** For people: a row for each file, and what there is to do. */
export function summaryText(summary: Summary, seconds: number): string {
  const { tables, replaced } = summary
  return [
    '',
    ...tableText(tables),
    '',
    ...tables.flatMap(differencesText),
    ...tables.flatMap(({ rejects }) => (rejects ? `Rejected rows and why: ${rejects}` : [])),
    ...(replaced && !summary.isRefused
      ? [
          `${summary.isCommitted ? 'Removed' : 'It would remove'} the demo community of ${counted(replaced.users, 'user')}.`,
        ]
      : []),
    outcomeText(summary, seconds),
    '',
  ].join('\n')
}

function outcomeText({ tables, isCommitted, isRefused }: Summary, seconds: number): string {
  const total = tables.reduce((sum, { kept }) => sum + kept, 0)
  const rows = counted(total, 'row')
  if (isCommitted) return `Imported ${rows} in ${seconds.toFixed(1)} s.`
  return isRefused
    ? 'Nothing was imported: rows were rejected and --strict allows none.'
    : `Nothing was kept, as --dry-run asks: an import would bring ${rows}.`
}

function differencesText({ table, differing, differences, differingRows }: TableSummary): string[] {
  if (differing === 0) return []
  const shown = differences.map(({ id, columns }) => `${id} (${columns.join(', ')})`).join(', ')
  const more = differingRows ? ` … all of them: ${differingRows}` : ''
  const differ = differing === 1 ? 'row that is there differs' : 'rows that are there differ'
  return [`${table}: ${grouped(differing)} ${differ} from the file and stayed: ${shown}${more}`]
}

function tableText(tables: readonly TableSummary[]): string[] {
  const rows = [
    ['', 'kept', 'skipped', 'differing', 'rejected', 'authors set null'],
    ...tables.map(({ table, kept, skipped, differing, rejected, authorsSetNull }) => [
      table,
      ...[kept, skipped, differing, rejected, authorsSetNull].map(grouped),
    ]),
  ]
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  const aligned = rows.map((row) =>
    row.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0),
    ),
  )
  return aligned.map((row) => row.join('  ').trimEnd())
}
