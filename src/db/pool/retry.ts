import { isRetryable } from '../../errors/postgres.ts'
import type { DatabaseEvent, TransactionDatabase } from '../database.ts'
import type { LazyTransaction } from './lazy-transaction.ts'

export type RetryOptions = {
  readonly tries: number
  readonly on: (event: DatabaseEvent) => void
}

/** Runs `work` in a transaction, and again in a new one when concurrent changes collided (40001, 40P01). */
export async function retrying<T>(
  open: () => LazyTransaction,
  work: (db: TransactionDatabase) => Promise<T>,
  { tries, on }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const transaction = open()
    try {
      const result = await work(transaction)
      await transaction.commit()
      return result
    } catch (error) {
      const ended = transaction.rollback()
      if (attempt >= tries || !isRetryable(error)) throw error
      on({ type: 'retried', attempt, error })
      await ended
      await jitter(attempt)
    }
  }
}

/** Up to 20 ms per attempt: transactions that collided must not meet again. */
const jitter = (attempt: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, Math.random() * 20 * attempt))
