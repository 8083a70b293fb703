import type { QueryResult, Sent } from './connection.ts'
import { cancelUnsent } from './driver.ts'

export type Failure = { readonly error: unknown }

/** The queries sent and not yet answered, and the callers that wait for them. */
export type InFlight = {
  readonly size: number
  /** @throws the failure that `onSettled` returned for this query */
  track(sent: Sent): Promise<QueryResult>
  /** Rejects every caller at once; what was sent goes on. */
  rejectAll(error: unknown): void
  /** Cancels what the driver has not sent yet: it never will. */
  cancelUnsent(): void
  /** Resolves once every query is answered. */
  drained(): Promise<void>
}

/** `onSettled` is called at every answer, with the error if it is one: a failure it returns is what the caller gets. */
export function trackInFlight(onSettled: (failed?: Failure) => Failure | undefined): InFlight {
  const queries = new Set<{ readonly sent: Sent; readonly reject: (error: unknown) => void }>()
  let onDrained: (() => void) | undefined

  return {
    get size() {
      return queries.size
    },
    track: (sent) =>
      new Promise((resolve, reject) => {
        const query = { sent, reject }
        queries.add(query)
        const settle = (result: QueryResult | undefined, failed?: Failure) => {
          queries.delete(query)
          const failure = onSettled(failed)
          if (failure) reject(failure.error)
          else if (result) resolve(result)
          if (queries.size === 0) onDrained?.()
        }
        sent.then(settle, (error: unknown) => settle(undefined, { error }))
      }),
    rejectAll(error) {
      for (const { reject } of queries) reject(error)
    },
    cancelUnsent() {
      for (const { sent } of queries) cancelUnsent(sent)
    },
    drained: () =>
      new Promise((resolve) => {
        onDrained = resolve
        if (queries.size === 0) resolve()
      }),
  }
}
