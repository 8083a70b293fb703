import { createInterface } from 'node:readline/promises'
import type { Terminal } from './terminal.ts'

/**
 * Asks a question that `y` or `yes` answers; undefined where nobody sits at a terminal. The end of the input is a no.
 * The answer rejects with the signal's reason.
 */
export function confirmOn(
  { stdin, stderr }: Terminal,
  question: string,
  signal: AbortSignal,
): (() => Promise<boolean>) | undefined {
  if (!stdin?.isTTY || !stderr.isTTY) return undefined
  return () =>
    new Promise((resolve, reject) => {
      // without `terminal` Ctrl-C stays a signal
      const lines = createInterface({ input: stdin, terminal: false })
      const onAbort = () => {
        lines.close()
        stderr.write('\n')
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      lines.once('line', (line) => {
        resolve(/^\s*y(es)?\s*$/i.test(line))
        lines.close()
      })
      lines.once('close', () => {
        signal.removeEventListener('abort', onAbort)
        resolve(false)
      })
      stderr.write(`${question} [y/N] `)
    })
}
