import type { Terminal } from './terminal.ts'

/** A terminal for machines: one JSON object on stdout at the end, and nothing else there. */
export type JsonTerminal = Required<Pick<Terminal, 'tell'>> &
  Terminal & {
    /** Writes the object: the command, its exit code, what it told, and `error` where it failed. */
    readonly end: (exitCode: number, failure?: string) => void
  }

/** Failures are written to stderr as ever, progress where that is a TTY. Nobody is asked. */
export function jsonOn({ stdout, stderr }: Terminal, command: string): JsonTerminal {
  const facts: Record<string, unknown> = {}
  let error = ''
  return {
    stdout: { write: () => true },
    stderr: {
      ...(stderr.isTTY && { isTTY: true }),
      write(text: string | Uint8Array) {
        error += String(text).replaceAll('\r', '')
        return stderr.write(text)
      },
    },
    tell: (told) => void Object.assign(facts, told),
    end(exitCode, failure = error) {
      const told = failure && { error: failure.trim() }
      stdout.write(`${JSON.stringify({ command, exitCode, ...facts, ...told })}\n`)
    },
  }
}
