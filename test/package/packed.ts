import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const modules = join(root, 'node_modules')
/** Where all of it happens, and the home of what runs there: nobody's settings of npm, nor its cache, take part. */
export const work = mkdtempSync(join(tmpdir(), 'shopboard-package-'))

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** Runs a program on this Node; without the environment of npm, which runs the tests. */
export const run = (cwd: string, [file = '', ...args]: readonly string[], env: Env = {}) =>
  new Promise<Ended>((resolve) => {
    execFile(file, args, { cwd, env: { ...bare(), ...env } }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === 'number' ? error.code : error ? 1 : 0,
        stdout,
        stderr,
      }),
    )
  })

type Env = Readonly<Record<string, string>>

const bare = (): Env => ({
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  HOME: work,
  npm_config_offline: 'true',
  npm_config_loglevel: 'error',
  npm_config_update_notifier: 'false',
})

/** The server that an installed package starts, on a free port. */
export function startServe(cwd: string, env: Env) {
  const file = join(cwd, 'node_modules/.bin/shopboard')
  const child: ChildProcess = spawn(file, ['serve'], { cwd, env: { ...bare(), PORT: '0', ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
    })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const started = /Shopboard is at (http:\/\/\S+)/
  return {
    child,
    ended,
    async url() {
      await expect.poll(() => output).toMatch(started)
      return started.exec(output)?.[1] ?? ''
    },
  }
}

/** The tarball that `npm pack` makes of a directory. @throws with what npm says */
export async function pack(directory: string): Promise<string> {
  const into = mkdtempSync(join(work, 'packed-'))
  const { code, stdout, stderr } = await run(directory, ['npm', 'pack', '--pack-destination', into])
  const [tarball] = readdirSync(into)
  if (code !== 0 || !tarball) throw new Error(`${stdout}\n${stderr}`)
  return join(into, tarball)
}

/** A copy of the checkout to build and pack in: what the checkout has built stays as it is. */
export function copyOfCheckout(): string {
  const copy = join(work, 'checkout')
  const left = /^(node_modules|test|dist.*|\.(git|data|env|wrangler|ci))$/
  for (const name of readdirSync(root).filter((each) => !left.test(each)))
    cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(modules, join(copy, 'node_modules'), 'dir')
  return copy
}

/**
 * Installs the server's tarball as npm does, without a registry: its declared dependencies, and only those, are links
 * to the ones of this checkout.
 */
export async function installLinked(tarball: string, directory: string): Promise<string> {
  const home = join(directory, 'node_modules/shopboard')
  mkdirSync(join(directory, 'node_modules/.bin'), { recursive: true })
  mkdirSync(home)
  await run(home, ['tar', '-xzf', tarball, '--strip-components=1'])
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  const wanted = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  // of the optional ones, those of this platform are there
  for (const name of wanted.filter((each) => existsSync(join(modules, each)))) {
    const link = join(directory, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(modules, name), link)
  }
  for (const [name, file] of Object.entries<string>(manifest.bin))
    symlinkSync(join('../shopboard', file), join(directory, 'node_modules/.bin', name))
  return home
}

/** Installs the client alone by npm itself, without a registry: hono comes as a tarball too. */
export async function installClient(tarball: string, directory: string): Promise<void> {
  mkdirSync(directory)
  const tarballs = [tarball, await pack(join(modules, 'hono'))]
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }')
  const { code, stderr } = await run(directory, ['npm', 'install', '--offline', ...tarballs])
  if (code !== 0) throw new Error(stderr)
}

/** The project of a frontend, which knows the client by this name; what the documents show of it is part of it. */
export function frontend(directory: string, client: string): void {
  cpSync(fileURLToPath(new URL('consumer', import.meta.url)), directory, { recursive: true })
  const call = join(directory, 'call.ts')
  writeFileSync(call, readFileSync(call, 'utf8').replace("'shopboard/client'", `'${client}'`))
  const shown = ['README.md', 'docs/client.md'].flatMap((name) => [
    ...readFileSync(join(root, name), 'utf8').matchAll(/```ts\n(.*?)```/gs),
  ])
  if (shown.length < 3) throw new Error('The documents show less of the client than they did')
  for (const [at, [, text = '']] of shown.entries()) {
    const body = text.replace(/^import .*\n/m, '')
    writeFileSync(
      join(directory, `shown${at}.ts`),
      `import { createClient } from '${client}'\ndeclare const etag: string\n${body}`,
    )
  }
}
