import type { Bulk } from './bulk.ts'

/**
 * Runs `copy … from stdin` with the chunks as its data; reads a chunk once the one before is sent. The driver loses a
 * failure that comes after the last chunk: in a transaction the next statement fails instead, outside none does.
 * @throws PostgreSQL's error when it refuses the rows, 25P02 (transaction aborted) when it does so at the very end
 */
export async function copyFrom(
  sql: Bulk['sql'],
  copy: ReturnType<Bulk['sql']['unsafe']>,
  chunks: AsyncIterable<Buffer>,
): Promise<void> {
  const stream = await copy.writable()
  let failure: Error | undefined
  let fail = (_: Error) => {}
  stream.on('error', (error) => {
    failure ??= error
    fail(failure)
  })
  /** Neither a chunk that is slow to come nor one that is never sent is waited for once the COPY has failed. */
  const unlessFailed = <T>(wait: Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      fail = reject
      if (failure) reject(failure)
      wait.then(resolve, reject)
    })
  const send = (chunk: Buffer) =>
    new Promise<void>((resolve, reject) => {
      stream.write(chunk, (error) => (error ? reject(failure ?? error) : resolve()))
    })

  const source = chunks[Symbol.asyncIterator]()
  try {
    for (;;) {
      const chunk = await unlessFailed(source.next())
      if (chunk.done) break
      await unlessFailed(send(chunk.value))
    }
    stream.end()
    await new Promise((resolve) => setImmediate(resolve))
    await sql`select`
    if (!stream.writableFinished) throw failure ?? new Error('The copied rows were refused.')
  } catch (error) {
    source.return?.().catch(() => {})
    stream.destroy(error instanceof Error ? error : undefined)
    throw error
  }
}
