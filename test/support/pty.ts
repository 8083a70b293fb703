import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { program } from './cli.ts'

const script = '/usr/bin/script'

/** Why tests on a terminal are skipped; undefined where there is util-linux's `script`, as on Debian. */
export const withoutTerminal = existsSync(script) ? undefined : `there is no ${script} (util-linux)`

export type TerminalCli = {
  /** All that was on the screen so far, escape sequences included. */
  readonly screen: () => string
  /** As typed: `\x03` is Ctrl-C, `\x04` the end of the input. */
  readonly type: (keys: string) => void
  /** The exit code, as a shell gives it. */
  readonly ended: Promise<number | null>
}

/** `shopboard …args` on a pseudo-terminal of 100 columns; a test does not outlive it. */
export function startOnTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): TerminalCli {
  const { PATH = '' } = process.env
  const quoted = [process.execPath, ...program, ...args].map(
    (each) => `'${each.replaceAll("'", `'\\''`)}'`,
  )
  const command = `stty cols 100 rows 30; exec ${quoted.join(' ')}`
  const child = spawn(script, ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH, SHELL: '/bin/sh', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let screen = ''
  child.stdout.on('data', (chunk) => {
    screen += chunk
  })
  return {
    screen: () => screen,
    type: (keys) => void child.stdin.write(keys),
    ended: new Promise((resolve) => {
      child.once('close', (code) => resolve(code))
    }),
  }
}
