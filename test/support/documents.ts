import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** What people read: Markdown at the top and in docs. */
export const documents = globSync(['*.md', 'docs/**/*.md', '.github/**/*.md'], { cwd: root })

/** The text under a heading, up to the next of its level. */
export function sectionOf(markdown: string, heading: string): string {
  const [, after] = markdown.split(`\n## ${heading}\n`)
  if (after === undefined) throw new Error(`There is no section ${heading}`)
  return after.split('\n## ')[0] ?? ''
}

/** The cells of a table's rows, without its head. */
export const rowsOf = (section: string): string[][] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )

/** Relative links that lead nowhere. */
export function brokenLinksOf(document: string): string[] {
  const targets = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => {
    if (/^(https?:|mailto:)/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? document : join(dirname(document), path)
    if (!existsSync(join(root, file))) return true
    return anchor !== undefined && !anchorsOf(read(file)).includes(anchor)
  })
}

const anchorsOf = (markdown: string) =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

export type Step = {
  /** As it is typed. */
  readonly command: string
  /** What the document shows below it; empty where it shows nothing. */
  readonly answer: string
}

/** The commands of the `console` blocks, in order. */
export const stepsOf = (section: string): Step[] =>
  [...section.matchAll(/```console\n(.*?)```/gs)]
    .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
    .map((text) => {
      const [command = '', ...lines] = text.split('\n')
      return {
        command,
        answer: lines
          .filter((line) => !line.startsWith('#'))
          .join('\n')
          .trim(),
      }
    })
