/** Builds the packages: the program and the client's types in dist/, the client alone in dist-client/; each whole or not at all. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../package.json' with { type: 'json' }

const root = fileURLToPath(new URL('..', import.meta.url))
const work = mkdtempSync(join(root, 'dist-unfinished-'))
const dist = join(work, 'dist')
const client = join(work, 'dist-client')
try {
  // `npm run check` is what checks the types: without, it takes an eighth of the CPU
  tsc('tsconfig.build.json', dist, '--noCheck')
  buildClientTypes()
  execFileSync(process.execPath, ['scripts/build-reference.ts', join(dist, 'reference')], {
    cwd: root,
    stdio: 'inherit',
  })
  buildClientPackage()
  for (const name of ['dist', 'dist-client']) {
    rmSync(join(root, name), { recursive: true, force: true })
    renameSync(join(work, name), join(root, name))
  }
} finally {
  rmSync(work, { recursive: true })
}

function tsc(project: string, outDir: string, option: string): void {
  const program = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [program, '-p', join(root, project), '--outDir', outDir, option], {
    stdio: 'inherit',
  })
}

/** Of all declarations only the client's: it spells the routes' types out and imports `hono/client` alone. */
function buildClientTypes(): void {
  const types = join(work, 'types')
  // two threads would each work out the same types of the routes, in twice the CPU
  tsc('tsconfig.client.json', types, '--singleThreaded')
  copyFileSync(join(types, 'client.d.ts'), join(dist, 'client.d.ts'))
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
  mkdirSync(client)
  writeFileSync(join(client, 'package.json'), `${JSON.stringify(its, null, 2)}\n`)
  for (const file of ['client.js', 'client.d.ts'])
    copyFileSync(join(dist, file), join(client, file))
  copyFileSync(join(root, 'docs/client.md'), join(client, 'README.md'))
  copyFileSync(join(root, 'LICENSE'), join(client, 'LICENSE'))
}
