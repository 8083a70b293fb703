import type { Answer, Answered, Call } from '../db/idempotency.ts'
import { withTimeLimit } from '../db/time-limit.ts'
import { keyOfAnother, stillRunning } from '../errors/error.ts'

type Running = {
  readonly fingerprint: string
  /** Nothing where it fails: whoever waits tries it himself. */
  readonly answer: Promise<Answer | undefined>
}

/** The calls that run, by those who answer them: an app, or several in tests. */
const running = new WeakMap<object, Map<string, Running>>()

/**
 * Runs a call, or waits for the same one where it runs in this process already: without a connection, and whoever
 * waited is answered as that one was.
 * @throws AppError idempotency_conflict after `patience` ms, or where the other asks something else
 */
export async function together(
  of: object,
  { call, fingerprint }: Call,
  patience: number,
  run: () => Promise<Answered>,
): Promise<Answered> {
  const calls = running.get(of) ?? new Map<string, Running>()
  running.set(of, calls)
  const until = performance.now() + patience
  for (let other = calls.get(call); other; other = calls.get(call)) {
    if (other.fingerprint !== fingerprint) throw keyOfAnother()
    const answer = await answerOf(other, until - performance.now())
    if (answer) return { isReplayed: true, answer }
  }
  const own = Promise.withResolvers<Answer | undefined>()
  calls.set(call, { fingerprint, answer: own.promise })
  try {
    const done = await run()
    own.resolve(done.answer)
    return done
  } finally {
    calls.delete(call)
    own.resolve(undefined)
  }
}

const answerOf = ({ answer }: Running, limit: number) =>
  withTimeLimit(Math.max(0, limit), () => answer).catch((error) => {
    throw stillRunning(error)
  })
