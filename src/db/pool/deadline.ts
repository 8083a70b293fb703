import { timeout } from '../../errors/error.ts'

export type Limits = {
  /** `performance.now()` when the transaction is aborted; Infinity for never. */
  readonly deadline: number
  /** The client's. Asked for late, and seldom: making a request's signal costs as much as a short transaction. */
  readonly signal: (() => AbortSignal) | undefined
}

/** ms a client may be gone before it is looked for: most transactions are over by then. */
const clientCheckDelay = 25

/**
 * Calls `abort` with AppError `timeout` at the deadline or when the client goes away.
 * @returns a function that stops watching
 */
export function watchDeadline(
  { deadline, signal }: Limits,
  abort: (error: Error) => void,
): () => void {
  let client: AbortSignal | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  wait(signal ? clientCheckDelay : Infinity)

  function wait(longest: number) {
    const delay = Math.min(longest, Math.max(0, deadline - performance.now()))
    if (delay < Infinity) timer = setTimeout(check, delay)
  }

  function check() {
    if (signal && !client) {
      client = signal()
      client.addEventListener('abort', onClientAbort)
      if (client.aborted) return onClientAbort()
    }
    if (performance.now() >= deadline) abort(timeout())
    else wait(Infinity)
  }

  function onClientAbort() {
    abort(timeout(client?.reason))
  }

  return () => {
    clearTimeout(timer)
    client?.removeEventListener('abort', onClientAbort)
  }
}
