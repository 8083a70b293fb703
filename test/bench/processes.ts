import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type Running = {
  readonly url: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const children = new Set<ChildProcess>()

/** Ends at once what runs for this process; it is what happens when it exits, too. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}
process.once('exit', killChildren)

function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { cwd: root, ...options })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Shopboard as `npm start` runs it, logging warnings only. */
export const startShopboard = (databaseUrl: string, env: Record<string, string> = {}) =>
  startNode(
    [
      ...['--import', './scripts/preload.js'],
      ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? []),
      'src/node.ts',
    ],
    { DATABASE_URL: databaseUrl, PORT: '0', LOG_LEVEL: 'warn', AUTH: 'off', ...env },
  )

export const startContender = (file: 'naive' | 'twin' | 'bare', env: Record<string, string>) =>
  startNode([`test/bench/contenders/${file}.ts`], env)

/** Runs a program until it says where it listens. */
async function startNode(args: readonly string[], env: Record<string, string>): Promise<Running> {
  const child = start(process.execPath, args, {
    env: { ...process.env, NODE_ENV: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await listeningUrl(child, args.join(' '))
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
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

/** Stops what was started when the block that uses it ends. */
export function servers() {
  const started: Running[] = []
  return {
    async start(starting: Promise<Running>) {
      const running = await starting
      started.push(running)
      return running
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((running) => running.stop()))
    },
  }
}

/** @throws the program's own words when it fails */
export async function output(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const child = start(command, args, { env: { ...process.env, ...env } })
  let [said, complained] = ['', '']
  child.stdout?.on('data', (chunk) => (said += chunk))
  child.stderr?.on('data', (chunk) => (complained += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${complained || said}`)
  return said
}
