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
        reject(signal.reason)
        lines.close()
      }
      const onEnd = () => {
        signal.removeEventListener('abort', onAbort)
        stderr.write('\n')
        resolve(false)
      }
      signal.addEventListener('abort', onAbort)
      lines.once('close', onEnd)
      lines.once('line', (line) => {
        signal.removeEventListener('abort', onAbort)
        lines.off('close', onEnd).close()
        resolve(/^\s*y(es)?\s*$/i.test(line))
      })
      stderr.write(`${question} [y/N] `)
    })
}
