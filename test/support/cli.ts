import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** What `npm run shopboard` starts Node with. */
export const program = ['--import', './scripts/preload.js', 'src/cli.ts']

export type RunningCli = {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
}

/** `shopboard …args` in a process of its own, without this one's environment; a test does not outlive it. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCli {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      written[name] += chunk
    })
  }
  return {
    child,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended: new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(code ?? signal))
    }),
  }
}

/** What `shopboard …args` wrote, and its exit code. */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { ended, stdout, stderr } = startCli(args, env)
  const code = await ended
  return { code, stdout: stdout(), stderr: stderr() }
}
