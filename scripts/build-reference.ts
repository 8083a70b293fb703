import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { scalarVersion } from '../src/http/docs.ts'

/**
 * Copies the scripts of the reference page to `dist/reference`, or to the directory given, under the path at which
 * they are served: the package ships them, and a Worker serves them as static assets.
 */
const target = process.argv[2] ?? 'dist/reference'
const source = 'node_modules/@scalar/api-reference'

const { name, version, license, author } = JSON.parse(
  readFileSync(join(source, 'package.json'), 'utf8'),
)
if (version !== scalarVersion)
  throw new Error(`${name} is ${version}, and src/http/docs.ts names ${scalarVersion}`)

const scripts = join('docs/scalar', version)
const isThere = () => existsSync(join(target, scripts))
if (!isThere()) build()

/** Whole or not at all: a server prefers what it finds there, and another may build at the same time. */
function build(): void {
  const unfinished = `${target}.${process.pid}`
  mkdirSync(join(unfinished, scripts), { recursive: true })
  for (const part of ['standalone.esm.js', 'chunks']) {
    cpSync(join(source, 'dist/browser', part), join(unfinished, scripts, part), {
      recursive: true,
      filter: (path) => !path.endsWith('.map'),
    })
  }
  writeFileSync(
    join(unfinished, scripts, 'NOTICE'),
    `${name} ${version}, ${license}, by ${author}\n`,
  )
  // read by Workers; on Node the server sends the same
  writeFileSync(
    join(unfinished, '_headers'),
    `/docs/scalar/*
  Cache-Control: public, max-age=31536000, immutable
  X-Content-Type-Options: nosniff
`,
  )
  try {
    if (isThere()) return
    rmSync(target, { recursive: true, force: true })
    renameSync(unfinished, target)
  } catch (error) {
    if (!isThere()) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
