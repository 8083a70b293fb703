import { type ChildProcess, spawn } from 'node:child_process'
import { expect } from 'vitest'

const running = new Set<ChildProcess>()

/** Runs a few lines of TypeScript, imports relative to `src/server`, in a process of their own. */
export function runProgram(lines: string, env: Readonly<Record<string, string>> = {}) {
  const directory = new URL('../../src/server/', import.meta.url)
  const code = lines.replaceAll("from './", `from '${directory}`)
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal)
    }),
  )
  return {
    child,
    /** Its exit code, or the signal that killed it. */
    ended,
    output: () => output,
    said: (text: string) => expect.poll(() => output).toContain(text),
  }
}

export function killPrograms(): void {
  for (const child of running) child.kill('SIGKILL')
}
