import type { QueryResult, Sent } from './connection.ts'

export type Failure = { readonly error: unknown }

/** What a connection has been sent and not yet answered, and the callers who wait for it. */
export type InFlight = {
  readonly size: number
  /** @throws the failure `judge` made of the answer */
  track(sent: Sent): Promise<QueryResult>
  /** Tells every caller at once; what was sent goes on. */
  rejectAll(error: unknown): void
  /** Keeps back what the driver has not sent yet. */
  cancelUnsent(): void
  /** Resolves once all is answered. */
  drained(): Promise<void>
}

/** `judge` is asked at every answer, with the error if it is one, whether its caller has to hear of a failure. */
export function trackInFlight(onSettled: (failed?: Failure) => Failure | undefined): InFlight {
  const queries = new Set<{ readonly sent: Sent; readonly rejectAll: (error: unknown) => void }>()
  let onDrained: (() => void) | undefined

  return {
    get size() {
      return queries.size
    },
    track: (sent) =>
      new Promise((resolve, reject) => {
        const one = { sent, rejectAll: reject }
        queries.add(one)
        const settle = (answer: QueryResult | undefined, failed?: Failure) => {
          queries.delete(one)
          const failure = onSettled(failed)
          if (failure) reject(failure.error)
          else if (answer) resolve(answer)
          if (queries.size === 0) onDrained?.()
        }
        sent.then(settle, (error: unknown) => settle(undefined, { error }))
      }),
    rejectAll(error) {
      for (const { rejectAll } of queries) rejectAll(error)
    },
    cancelUnsent() {
      for (const { sent } of queries) sent.cancel()
    },
    drained: () =>
      new Promise((resolve) => {
        onDrained = resolve
        if (queries.size === 0) resolve()
      }),
  }
}
