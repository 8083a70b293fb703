import type { Terminal } from '../../src/commands/terminal.ts'
import { readConfig } from '../../src/config.ts'

export type RecordingTerminal = Terminal & {
  /** All that was written so far. */
  readonly written: { stdout: string; stderr: string }
}

/** A terminal that is no TTY and keeps what is written. */
export function recordingTerminal(): RecordingTerminal {
  const written = { stdout: '', stderr: '' }
  const outputOf = (name: keyof typeof written) => ({
    write(text: string | Uint8Array) {
      written[name] += text
      return true
    },
  })
  return { stdout: outputOf('stdout'), stderr: outputOf('stderr'), written }
}

/** The database as a command is given it. */
export const commandDatabase = (url: string) => ({ url, config: readConfig({ DATABASE_URL: url }) })
