import type { Answer, Sent } from './connection.ts'

export type Failure = { readonly error: unknown }

/** What a connection has been sent and not yet answered, and the callers who wait for it. */
export type InFlight = {
  readonly size: number
  /** @throws the failure `judge` made of the answer */
  follow(sent: Sent): Promise<Answer>
  /** Tells every caller at once; what was sent goes on. */
  refuse(error: unknown): void
  /** Keeps back what the driver has not sent yet. */
  takeBack(): void
  /** Resolves once all is answered. */
  landed(): Promise<void>
}

/** `judge` is asked at every answer, with the error if it is one, whether its caller has to hear of a failure. */
export function inFlight(judge: (failed?: Failure) => Failure | undefined): InFlight {
  const flying = new Set<{ readonly sent: Sent; readonly refuse: (error: unknown) => void }>()
  let onLanded: (() => void) | undefined

  return {
    get size() {
      return flying.size
    },
    follow: (sent) =>
      new Promise((resolve, reject) => {
        const one = { sent, refuse: reject }
        flying.add(one)
        const settle = (answer: Answer | undefined, failed?: Failure) => {
          flying.delete(one)
          const failure = judge(failed)
          if (failure) reject(failure.error)
          else if (answer) resolve(answer)
          if (flying.size === 0) onLanded?.()
        }
        sent.then(settle, (error: unknown) => settle(undefined, { error }))
      }),
    refuse(error) {
      for (const { refuse } of flying) refuse(error)
    },
    takeBack() {
      for (const { sent } of flying) sent.cancel()
    },
    landed: () =>
      new Promise((resolve) => {
        onLanded = resolve
        if (flying.size === 0) resolve()
      }),
  }
}
