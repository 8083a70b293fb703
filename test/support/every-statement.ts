import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compile, type Statement, statements } from '../../src/db/statement.ts'

const src = fileURLToPath(new URL('../../src/', import.meta.url))
export const sqlDirectory = fileURLToPath(new URL('../sql/', import.meta.url))

/** The modules of the program that make statements, as absolute paths. */
const modules = globSync('**/*.ts', { cwd: src })
  .map((path) => src + path)
  .filter((path) =>
    /^import \{[^}]*\b(?:statement|family|listFamily)\b/m.test(readFileSync(path, 'utf8')),
  )

/** The names of statements as they are written in the program; a few are put together while it runs. */
export const writtenNames = modules.flatMap((path) =>
  [...readFileSync(path, 'utf8').matchAll(/\bstatement(?:<.*>)?\(\s*'(\w+)'/g)].map(([, name]) =>
    String(name),
  ),
)

/** Every statement of the program, by name. */
export async function everyStatement(): Promise<Statement<never, unknown>[]> {
  for (const path of modules) await import(path)
  return statements.toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** A statement as its file shows it: the text's own lines, indented anew where parts were put together. */
export function sqlOf(statement: Statement<never, unknown>): string {
  const { name, text } = compile(statement)
  const reads = statement.reads.length === 0 ? 'no table' : statement.reads.join(', ')
  return [`-- ${name}`, `-- reads ${reads}`, ...indented(text.split('\n'))]
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** What lies within parentheses stands one step further in than the line that opened them. */
function indented(lines: readonly string[]): string[] {
  /** A parenthesis still open: the step its line stands at, and the margin its content was written with. */
  const open: { readonly step: number; margin?: number }[] = [{ step: -1 }]
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const sql = line.trim()
      const closing = /^\)*/.exec(sql)?.[0].length ?? 0
      const around = open.at(-1 - closing) ?? { step: -1 }
      const closed = open.at(-closing)
      const written = line.length - line.trimStart().length
      around.margin ??= written
      const isContinued = closing === 0 && written > around.margin
      const step = closing > 0 && closed ? closed.step : around.step + (isContinued ? 2 : 1)
      for (const [parenthesis] of sql.replaceAll(/'[^']*'/g, '').matchAll(/[()]/g)) {
        if (parenthesis === '(') open.push({ step })
        else open.pop()
      }
      return '  '.repeat(step) + sql
    })
}
