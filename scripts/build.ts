/** Builds what a package holds: the program and the client's types in dist/, the client alone in dist-client/. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const client = join(root, 'dist-client')

rmSync(dist, { recursive: true, force: true })
tsc('tsconfig.build.json', dist)
buildClientTypes()
buildReference()
buildClientPackage()

function tsc(project: string, outDir: string): void {
  const program = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [program, '-p', join(root, project), '--outDir', outDir], {
    stdio: 'inherit',
  })
}

/** Of all declarations only the client's: it spells the routes' types out and imports `hono/client` alone. */
function buildClientTypes(): void {
  const types = mkdtempSync(join(dist, 'types-'))
  tsc('tsconfig.client.json', types)
  copyFileSync(join(types, 'client.d.ts'), join(dist, 'client.d.ts'))
  rmSync(types, { recursive: true })
}

/** The scripts of the reference page, where the checkout has a script that copies them to dist/reference. */
function buildReference(): void {
  const script = join(root, 'scripts/build-reference.ts')
  if (existsSync(script)) execFileSync(process.execPath, [script], { cwd: root, stdio: 'inherit' })
}

/** The client for frontends: the same files with hono alone, for the program brings PostgreSQL and 60 MB of it. */
function buildClientPackage(): void {
  const { version, license, author, type } = manifest
  const its = {
    name: 'shopboard-client',
    version,
    description: "The typed client of Shopboard's API.",
    license,
    author,
    type,
    exports: { types: './client.d.ts', default: './client.js' },
    sideEffects: false,
    dependencies: { hono: `^${manifest.dependencies.hono}` },
  }
  rmSync(client, { recursive: true, force: true })
  mkdirSync(client)
  writeFileSync(join(client, 'package.json'), `${JSON.stringify(its, null, 2)}\n`)
  for (const file of ['client.js', 'client.d.ts'])
    copyFileSync(join(dist, file), join(client, file))
  copyFileSync(join(root, 'docs/client.md'), join(client, 'README.md'))
  copyFileSync(join(root, 'LICENSE'), join(client, 'LICENSE'))
}
