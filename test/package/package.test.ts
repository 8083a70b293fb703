import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build as bundleByEsbuild } from 'esbuild'
import { publint } from 'publint'
import { build as bundleByVite } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { listen } from '../../src/server/listen.ts'
import { createTestApp } from '../support/app.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'
import { insertPost } from '../support/factories.ts'
import {
  copyOfCheckout,
  frontend,
  installClient,
  installLinked,
  pack,
  root,
  run,
  startServe,
  work,
} from './packed.ts'

const operator = join(work, 'operator')
const browser = join(work, 'browser')
let tarball: string
let clientTarball: string
beforeAll(async () => {
  const checkout = copyOfCheckout()
  tarball = await pack(checkout)
  clientTarball = await pack(join(checkout, 'dist-client'))
  await Promise.all([installLinked(tarball, operator), installClient(clientTarball, browser)])
})
afterAll(() => rmSync(work, { recursive: true }))

async function faultsOf(file: string) {
  const tarball = new Uint8Array(readFileSync(file)).buffer
  return (await publint({ pack: { tarball }, strict: true })).messages
}

describe('the package', () => {
  const database = useDatabase()
  const home = join(operator, 'node_modules/shopboard')
  const command = join(operator, 'node_modules/.bin/shopboard')
  const shopboard = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    run(operator, [command, ...args], env)

  it('holds the program, its migrations and its documents, and nothing else', () => {
    expect(readdirSync(home).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'bin',
      'deploy',
      'dist',
      'docs',
      'drizzle',
      'package.json',
      'scripts',
    ])
    expect(readdirSync(join(home, 'scripts'))).toEqual(['preload.js'])
    expect(readdirSync(join(home, 'drizzle/meta'))).toEqual(['_journal.json'])
    const files = readdirSync(join(home, 'dist'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((name) => name.endsWith('.ts'))).toEqual(['client.d.ts'])
  })

  it('has nothing that publint would mend', async () => {
    expect(await faultsOf(tarball)).toEqual([])
  })

  it('has its commands under npx', async () => {
    const help = ['npx', '--no-install', 'shopboard', '--help']
    const { code, stdout, stderr } = await run(operator, help)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Usage: shopboard [options] [command]')
  })

  it('knows its version', async () => {
    const ended = await shopboard(['--version'])
    expect(ended).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  it('refuses an unknown command with exit code 1', async () => {
    const { code, stderr } = await shopboard(['nonsense'])
    expect(code).toBe(1)
    expect(stderr).toContain("error: unknown command 'nonsense'")
  })

  it('migrates an empty database, fills it and verifies it', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const env = { DATABASE_URL: empty.url }
    expect(await shopboard(['migrate'], env)).toMatchObject({ code: 0, stderr: '' })
    expect(await shopboard(['demo', '--users', '2'], env)).toMatchObject({ code: 0, stderr: '' })
    expect(await shopboard(['verify'], env)).toMatchObject({ code: 0, stderr: '' })
    expect(await empty.sql`select from users`).toHaveLength(2)
    await empty.drop()
  })

  it('says in a sentence that it cannot start, with exit code 1', async () => {
    const { code, stdout, stderr } = await shopboard(['serve'], { PORT: 'http' })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toBe('PORT should be a whole number from 0 to 65535; it is "http"\n')
  })

  it('names the command line as a package has it', async () => {
    const env = { DATABASE_URL: 'postgres://localhost/shop', DEMO: 'on' }
    const { stderr } = await shopboard(['serve'], env)
    expect(stderr).toContain('run "npx shopboard demo" there')
  })

  it('reads .env where it is started, for what the environment leaves out', async () => {
    const here = join(operator, 'here')
    mkdirSync(here)
    writeFileSync(join(here, '.env'), 'PORT=http\nPOOL_SIZE=none\n')
    const { stderr } = await run(here, [command, 'serve'], { PORT: '0' })
    expect(stderr).toBe('POOL_SIZE should be a whole number from 1 to 1000; it is "none"\n')
  })

  it('starts an embedded PostgreSQL and ends it', async () => {
    const dataDir = join(work, 'data')
    const server = startServe(operator, { DATA_DIR: dataDir, DEMO: 'off' })
    await server.url()
    server.child.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    const names = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).map((file) =>
      basename(file),
    )
    expect(names).toContain('PG_VERSION')
    expect(names).not.toContain('postmaster.pid')
  })

  it('serves until SIGTERM', async () => {
    const server = startServe(operator, { DATABASE_URL: database.url })
    const url = await server.url()
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200)
    const reference = await (await fetch(`${url}/docs`)).text()
    expect(reference).toContain('/openapi.json')
    for (const [, script] of reference.matchAll(/["'](\/docs\/[^"']+\.js)["']/g))
      expect((await fetch(url + script)).status, script).toBe(200)
    server.child.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  })
})

/** The client where a frontend finds it: in the server's package, and alone. */
const clients = [
  { client: 'shopboard/client', directory: operator },
  { client: 'shopboard-client', directory: browser },
]

describe.each(clients)('$client', ({ client, directory }) => {
  const database = useDatabase()
  const project = join(directory, 'frontend')
  beforeAll(() => frontend(project, client))

  it('calls a server from plain Node', async () => {
    await insertPost(database.sql, { title: 'Packed' })
    const app = await createTestApp({ url: database.url })
    const server = await listen(app.app.fetch, { host: '127.0.0.1', port: 0 })
    const program = `import { summary } from './call.ts'; console.log(await summary('${server.url}'))`
    const { code, stdout, stderr } = await run(project, [
      'node',
      '--input-type=module',
      '-e',
      program,
    ])
    await server.drain(0)
    await app.close()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      posts: 1,
      title: 'Packed',
      code: 'validation_failed',
      errors: [{ path: 'pageSize', message: 'must be a whole number from 1 to 100' }],
    })
  })

  it.each(['nodenext', 'nodenext-skip-lib-check', 'bundler'])(
    'has types for tsc: %s',
    async (config) => {
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      const ended = await run(project, ['node', tsc, '-p', `tsconfig.${config}.json`])
      expect(ended).toEqual({ code: 0, stdout: '', stderr: '' })
    },
  )

  it.each([
    ['Vite', () => viteBundle(project)],
    ['esbuild', () => esbuildBundle(project)],
  ])('comes into a bundle of %s alone', async (_, bundle) => {
    const code = await bundle()
    expect(code).toContain('.textContent')
    expect(code).not.toMatch(/drizzle|postgres|zod|pino|node:/i)
    expect(code.length).toBeLessThan(10_000)
  })
})

describe('shopboard-client', () => {
  it('has nothing that publint would mend', async () => {
    expect(await faultsOf(clientTarball)).toEqual([])
  })

  it('brings hono and nothing else', () => {
    const installed = readdirSync(join(browser, 'node_modules')).filter(
      (name) => !name.startsWith('.'),
    )
    expect(installed.toSorted()).toEqual(['hono', 'shopboard-client'])
  })
})

async function viteBundle(project: string): Promise<string> {
  const built = await bundleByVite({
    root: project,
    logLevel: 'error',
    configFile: false,
    build: { target: 'es2022', write: false },
  })
  const { output } = [built].flat().find((each) => 'output' in each) ?? { output: [] }
  return output.map((each) => (each.type === 'chunk' ? each.code : '')).join('\n')
}

async function esbuildBundle(project: string): Promise<string> {
  const { outputFiles } = await bundleByEsbuild({
    absWorkingDir: project,
    entryPoints: ['main.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  return outputFiles.map(({ text }) => text).join('\n')
}
