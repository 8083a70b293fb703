import type { ReadStream, WriteStream } from 'node:tty'

/** Where text goes; only a TTY gets progress bars. */
export type Output = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean }

/** The outputs of a command: results and progress, failures and progress bars. A `process` is one. */
export type Terminal = {
  readonly stdout: Output
  readonly stderr: Output
  /** Where answers come from; nobody is asked who has no TTY. */
  readonly stdin?: ReadStream
  /** Takes what a command found out, for machines; there where the command was asked for JSON. */
  readonly tell?: (facts: object) => void
}

/** A program's own. One that can place no cursor (TERM=dumb) is written to as a file is, and nobody is asked. */
export const terminalOf = (program: Terminal, term: string | undefined): Terminal =>
  term === 'dumb' ? { stdout: plain(program.stdout), stderr: plain(program.stderr) } : program

const plain = (output: Output): Output => ({ write: output.write.bind(output) })
