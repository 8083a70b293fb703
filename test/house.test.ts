import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readSources, type Source, sourceOf } from './support/sources.ts'

/** The rooms from the lowest floor up. A file imports from its own floor and those below, types included. */
const floors = [
  ['errors', 'config'],
  ['db'],
  ['auth', 'cache', 'jobs', 'observability'],
  ['http'],
  ['features'],
  ['app', 'job-kinds', 'reports', 'commands', 'server', 'edge'],
  ['node', 'worker', 'cli', 'client'],
]
const entries = ['node.ts', 'worker.ts', 'cli.ts', 'client.ts']
/** The environment is read by `config.ts`, described by `variables.ts` and `database-url.ts`, told by `invocation.ts`: one room. */
const aliases: Readonly<Record<string, string>> = {
  variables: 'config',
  'database-url': 'config',
  invocation: 'config',
}

/** Who may use Node: everything else also runs on Workers. */
const onNode =
  /^(server|commands|db\/(bulk|embedded))\/|^db\/(migrate|provide|certificates)\.ts$|^(cli|node)\.ts$/
/** Who may talk to PostgreSQL past a `Database`. */
const onDriver = /^db\/(bulk|pool|embedded)\/|^db\/migrate\.ts$|^commands\/|^(node|cli)\.ts$/
/** Who may open a pool or a connection: who decides how large it is and when it closes. */
const onPool = /^db\/(bulk|pool|embedded)\/|^db\/migrate\.ts$|^(commands|server|edge)\/|^cli\.ts$/
/** Who may read the environment, and why not through `config.ts`. */
const onEnvironment: readonly (readonly [files: RegExp, reason: string])[] = [
  [/^(node|cli)\.ts$/, 'an entry hands it to readConfig'],
  [/^commands\/on-database\.ts$/, 'every command starts there: it hands it to readConfig'],
  [/^server\/orphaned\.ts$/, 'npm, not the user, sets the variable it looks for'],
  [/^db\/embedded\//, 'it passes the environment on to the programs it starts'],
]
/** Who may know Hono. */
const onHttp = /^(http|features|server|edge)\/|^(app|client|worker)\.ts$/
const onConsole = /^commands\/|^(node|cli)\.ts$|^server\/logger\.ts$|^edge\/log\.ts$/

const mostLines = 300
const mostLinesOfFunction = 80

type Rule = (source: Source, all: readonly Source[]) => readonly string[]

const roomOf = (path: string) => {
  const name = path.split('/')[0]?.replace(/\.ts$/, '') ?? path
  return aliases[name] ?? name
}
const floorOf = (path: string) => floors.findIndex((rooms) => rooms.includes(roomOf(path)))
const isOwn = (target: string) => target.endsWith('.ts')

const importsDownOnly: Rule = ({ path, imports }) =>
  imports.flatMap(({ target }) => {
    if (!isOwn(target) || floorOf(target) <= floorOf(path)) return []
    return `${path} imports ${target} from a floor above: move the type or function down, or take a callback`
  })

const liesInARoom: Rule = ({ path }) =>
  floorOf(path) >= 0
    ? []
    : [`${path} lies in no room: put it into one, or give its room a floor in test/house.test.ts`]

const importsNoEntry: Rule = ({ path, imports }) =>
  imports.flatMap(({ target }) =>
    entries.includes(target)
      ? `${path} imports the entry ${target}: move what it needs to a room`
      : [],
  )

const keepsClientThin: Rule = ({ path, imports }) =>
  imports.flatMap(({ target, isType }) =>
    path !== 'client.ts' || !isOwn(target) || (target === 'app.ts' && isType)
      ? []
      : `${path} imports ${target}: a client takes the type of app.ts only`,
  )

/** One feature knows nothing of another, and a machine room of `db` is entered by its own door. */
const entersByTheDoor: Rule = ({ path, imports }) =>
  imports.flatMap(({ target }) => {
    const [from, to] = [path, target].map((each) => /^features\/\w+/.exec(each)?.[0])
    if (from && to && from !== to)
      return `${path} imports ${target}: move what two features share to http or db`
    if (target.startsWith('db/pool/') && !onPool.test(path))
      return `${path} imports ${target}: take a Pool or a Database (db/database.ts) from the caller`
    if (target.startsWith('db/embedded/') && !/^db\/(embedded\/|provide\.ts)/.test(path))
      return `${path} imports ${target}: use provideDatabase (db/provide.ts)`
    return []
  })

const usesNodeInItsPlace: Rule = ({ path, imports, globals }) =>
  onNode.test(path)
    ? []
    : [...imports.map(({ target }) => target), ...globals]
        .filter((name) => /^(node:|process\b)/.test(name))
        .map((name) => `${path} uses ${name}: use a Web API, or move it to server or commands`)

const usesDriverInItsPlace: Rule = ({ path, imports }) =>
  imports.flatMap(({ target }) =>
    /^(postgres|drizzle-orm\/postgres-js.*)$/.test(target) && !onDriver.test(path)
      ? `${path} imports ${target}: run a statement on a Database (db/database.ts)`
      : [],
  )

const knowsHonoInItsPlace: Rule = ({ path, imports }) =>
  imports.flatMap(({ target }) =>
    /^@?hono(\/|$)/.test(target) && !onHttp.test(path)
      ? `${path} imports ${target}: return a value or throw an AppError, http makes a response of it`
      : [],
  )

const readsEnvironmentInItsPlace: Rule = ({ path, globals }) =>
  globals.includes('process.env') && !onEnvironment.some(([files]) => files.test(path))
    ? [`${path} reads process.env: add the variable to variables.ts and take it from Config`]
    : []

const observes: Rule = ({ path, globals }) =>
  globals.some((name) => name.startsWith('console')) && !onConsole.test(path)
    ? [`${path} writes to the console: observe(…) a fact instead (observability/observation.ts)`]
    : []

const isShort: Rule = ({ path, lines, functions }) => [
  ...(lines > mostLines ? [`${path} has ${lines} lines: split it, ${mostLines} is the most`] : []),
  ...functions
    .filter((each) => each.lines > mostLinesOfFunction)
    .map(
      ({ name, lines: length }) =>
        `${name} in ${path} has ${length} lines: split it, ${mostLinesOfFunction} is the most`,
    ),
]

/** No file, by whatever way, imports itself; types included. */
const goesInNoCircle: Rule = ({ path }, all) => {
  const byPath = new Map(all.map((source) => [source.path, source]))
  const next = (at: string) => byPath.get(at)?.imports.map(({ target }) => target) ?? []
  const circle = wayFrom(path, path, next)
  // told once, by the first of its files
  if (!circle || circle.some((each) => each < path)) return []
  return [`${[path, ...circle].join(' → ')} is a circle: move what both need to a file of its own`]
}

/** No room imports another that imports it, by whatever way. */
const roomsGoInNoCircle: Rule = ({ path }, all) => {
  const room = roomOf(path)
  const isFirstOfRoom = all.find((source) => roomOf(source.path) === room)?.path === path
  const next = (at: string) =>
    all
      .filter((source) => roomOf(source.path) === at)
      .flatMap(({ imports }) => imports.filter(({ target }) => isOwn(target)))
      .map(({ target }) => roomOf(target))
      .filter((target) => target !== at)
  const circle = isFirstOfRoom && wayFrom(room, room, next)
  if (!circle || circle.some((each) => each < room)) return []
  return [
    `${[room, ...circle].join(' → ')} is a circle of rooms: let the lower one take a callback`,
  ]
}

/** The shortest way by at least one step. */
function wayFrom(start: string, end: string, next: (at: string) => string[]) {
  const seen = new Set<string>()
  let ways = next(start).map((at) => [at])
  while (ways.length > 0) {
    const found = ways.find((way) => way.at(-1) === end)
    if (found) return found
    ways = ways.flatMap((way) => {
      const at = way.at(-1) ?? ''
      if (seen.has(at)) return []
      seen.add(at)
      return next(at).map((each) => [...way, each])
    })
  }
  return undefined
}

type Case = {
  /** Finishes "the house …". */
  readonly title: string
  readonly rule: Rule
  /** Files, by path, that break the rule once. */
  readonly broken: Readonly<Record<string, string>>
}

const cases: readonly Case[] = [
  {
    title: 'has a room for every file',
    rule: liesInARoom,
    broken: { 'utils/strings.ts': '' },
  },
  {
    title: 'lets no import run up, not even of a type',
    rule: importsDownOnly,
    broken: { 'db/pool/pool.ts': "import type { Observer } from '../../observability/o.ts'" },
  },
  {
    title: 'lets nobody import an entry',
    rule: importsNoEntry,
    broken: { 'cli.ts': "await import('./node.ts')" },
  },
  {
    title: "lets the client take the app's type only",
    rule: keepsClientThin,
    broken: { 'client.ts': "import { createApp } from './app.ts'" },
  },
  {
    title: 'lets no files go in a circle, not even by types',
    rule: goesInNoCircle,
    broken: {
      'db/a.ts': "import { type B } from './b.ts'",
      'db/b.ts': "export { c } from './c.ts'",
      'db/c.ts': "import './a.ts'",
    },
  },
  {
    title: 'lets no rooms go in a circle',
    rule: roomsGoInNoCircle,
    broken: {
      'cache/a.ts': "import '../auth/b.ts'",
      'auth/b.ts': '',
      'auth/c.ts': "type D = import('../cache/d.ts').D",
      'cache/d.ts': '',
    },
  },
  {
    title: 'has one door to a feature, to the pool and to the embedded server',
    rule: entersByTheDoor,
    broken: { 'features/stats/routes.ts': "import { openPool } from '../../db/pool/pool.ts'" },
  },
  {
    title: 'keeps Node out of what runs on Workers',
    rule: usesNodeInItsPlace,
    broken: { 'http/answer.ts': "import { join } from 'node:path'" },
  },
  {
    title: 'keeps the driver away from those who run statements',
    rule: usesDriverInItsPlace,
    broken: { 'features/stats/queries.ts': "import postgres from 'postgres'" },
  },
  {
    title: 'keeps Hono to http and those above it',
    rule: knowsHonoInItsPlace,
    broken: { 'auth/caller.ts': "import type { Context } from 'hono'" },
  },
  {
    title: 'reads the environment in one place',
    rule: readsEnvironmentInItsPlace,
    broken: { 'server/serve.ts': 'export const port = process.env.PORT' },
  },
  {
    title: 'leaves the console to entries and commands',
    rule: observes,
    broken: { 'app.ts': 'console.log(1)' },
  },
  {
    title: 'has short files and functions',
    rule: isShort,
    broken: { 'app.ts': `${'\n'.repeat(mostLines)}1` },
  },
]

const house = readSources(fileURLToPath(new URL('../src', import.meta.url)))

describe('the house', () => {
  it.each(cases)('$title', ({ rule }) => {
    expect(house.length).toBeGreaterThan(50)
    expect(house.flatMap((source) => rule(source, house))).toEqual([])
  })

  it.each(cases)('would say if it no longer did: $title', ({ rule, broken }) => {
    const sources = Object.entries(broken).map(([path, text]) => sourceOf(path, text))
    expect(sources.flatMap((source) => rule(source, sources))).toHaveLength(1)
  })

  it.each(['bench', 'load'])('has short files and functions in test/%s, too', (folder) => {
    const sources = readSources(fileURLToPath(new URL(folder, import.meta.url)))
    expect(sources.length).toBeGreaterThan(3)
    expect(sources.flatMap((source) => isShort(source, sources))).toEqual([])
  })

  it('does not count the lines of SQL as code', () => {
    const sql = `sql\`${'\nselect 1'.repeat(100)}\``
    const { functions, lines } = sourceOf('db/a.ts', `const run = () => {\n  return ${sql}\n}`)
    expect(functions).toEqual([{ name: 'run', lines: 3 }])
    expect(lines).toBe(3)
  })
})
