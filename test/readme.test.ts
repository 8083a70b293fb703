import { describe, expect, it } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { readConfig } from '../src/config.ts'
import { variables } from '../src/variables.ts'
import { runCli } from './support/cli.ts'
import { brokenLinksOf, documents, read, rowsOf, sectionOf } from './support/documents.ts'

const readme = read('README.md')

describe('the documents', () => {
  it.each(documents)('link to what is there: %s', (document) => {
    expect(brokenLinksOf(document)).toEqual([])
  })

  it.each(documents)('name scripts that there are: %s', (document) => {
    const named = [...read(document).matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name)
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named))
  })

  it('name every command of the program, and no other', async () => {
    const { stdout } = await runCli(['--help'])
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?= |$)/gm)].map(([, name]) => name)
    const named = [...sectionOf(readme, 'Commands').matchAll(/npm run shopboard -- (\w+)/g)]
    expect(new Set(named.map(([, name]) => name))).toEqual(
      new Set(commands.filter((name) => name !== 'help')),
    )
  })
})

describe('the configuration', () => {
  const rows = rowsOf(sectionOf(readme, 'Configuration')).flatMap(
    ([names = '', value = '', text = '']) => {
      const values = value.split(', ')
      return names.split(', ').map((name, at) => ({
        name: name.replaceAll('`', ''),
        value: names.includes(', ') ? (values[at] ?? '') : value,
        text,
      }))
    },
  )

  it('has a row for every variable, and no other', () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(variables.shape).toSorted())
  })

  it.each(rows)('has the default of $name', ({ name, value }) => {
    const known = defaultOf(name)
    if (known === undefined) return
    const same = /^as `(\w+)`$/.exec(value)?.[1]
    expect(same ? defaultOf(same) : value.replaceAll('`', '').split(/[ ,]/)[0]).toBe(known)
  })

  it('is in .env.example, with its defaults', async () => {
    const lines = rows.map(({ name, value, text }) => {
      const known = defaultOf(name)
      const told = [text, known === undefined && value !== '' ? `without it: ${value}` : '']
      const line = told.filter((each) => each !== '').join('; ')
      return `# ${plain(line)}\n# ${name}=${known ?? ''}\n`
    })
    const head =
      '# Copy it to .env and take away the # of what should differ. README.md tells more.\n'
    await expect([head, ...lines].join('\n')).toMatchFileSnapshot('../.env.example')
  })
})

/** Without the marks of Markdown. */
const plain = (text: string) => text.replaceAll('`', '').replace(/\[(.+?)\]\(.+?\)/g, '$1')

/** As it is written in the environment; undefined where there is none. */
function defaultOf(name: string): string | undefined {
  const config: Readonly<Record<string, unknown>> = readConfig({})
  const shape: Readonly<Record<string, { safeParse: (value: unknown) => { data?: unknown } }>> =
    variables.shape
  const key = name
    .toLowerCase()
    .replace(/^pool_a/, 'a')
    .replace(/_(\w)/g, (_, letter) => letter.toUpperCase())
  const value = shape[name]?.safeParse(undefined).data ?? config[key]
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return value === undefined || String(value) === '' ? undefined : String(value)
}
