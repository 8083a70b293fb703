import type { AfterCommit, DatabaseEvent } from '../database.ts'

/**
 * Calls `callbacks` in turn once `committed` resolves. One that throws is reported, and the next is called.
 * @throws why it was not committed
 */
export async function callAfter(
  committed: Promise<void>,
  callbacks: readonly AfterCommit[],
  on: (event: DatabaseEvent) => void,
): Promise<void> {
  await committed
  for (const callback of callbacks) {
    try {
      await callback()
    } catch (error) {
      on({ type: 'after_commit_failed', error })
    }
  }
}
