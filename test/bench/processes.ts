import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type Running = {
  readonly url: string
  /** ms from its start to its saying where it is. */
  readonly started: number
  readonly pid: number
  readonly stop: () => Promise<void>
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Shopboard as `npm start` runs it, logging warnings only. */
export const startShopboard = (databaseUrl: string, env: Record<string, string> = {}) =>
  startNode(
    [
      '--import',
      './scripts/preload.js',
      ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? []),
      'src/node.ts',
    ],
    {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      LOG_LEVEL: 'warn',
      ...env,
    },
  )

export const startContender = (file: 'naive' | 'twin' | 'bare', env: Record<string, string>) =>
  startNode([`test/bench/${file}.ts`], env)

/** Runs a program until it says where it listens. */
async function startNode(args: readonly string[], env: Record<string, string>): Promise<Running> {
  const begun = performance.now()
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NODE_ENV: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  child.once('exit', () => process.off('exit', killed))
  const url = await listeningUrl(child, args.join(' '))
  return {
    url,
    started: performance.now() - begun,
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function listeningUrl({ stdout }: ChildProcess, what: string): Promise<string> {
  if (!stdout) throw new Error(`${what} has no output`)
  for await (const line of createInterface({ input: stdout })) {
    const url = /https?:\/\/[\d.]+:\d+/.exec(line)?.[0]
    if (url) {
      stdout.resume()
      return url
    }
  }
  throw new Error(`${what} ended before it listened`)
}

/** @throws the program's own words when it fails */
export async function output(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } })
  let [said, complained] = ['', '']
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (complained += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${complained || said}`)
  return said
}
