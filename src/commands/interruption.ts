import { constants } from 'node:os'

/** Why a command stopped: a signal asked for it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** The shell's: 130 for SIGINT, 143 for SIGTERM. */
  readonly exitCode: number

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('Interrupted')
    this.exitCode = 128 + constants.signals[signal]
  }
}

/**
 * Runs `work` with a signal that SIGINT and SIGTERM abort, the reason being Interrupted: they do not end the process
 * before `work` has settled. A second one does, and the server rolls back.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController()
  const stop = () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  const interrupt = (signal: 'SIGINT' | 'SIGTERM') => {
    stop()
    interruption.abort(new Interrupted(signal))
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    return await work(interruption.signal)
  } finally {
    stop()
  }
}
