import type { Redis } from 'ioredis'
import type { Observer } from '../observability/observation.ts'

export type SharedRedis = {
  readonly client: Redis
  /** What `shared` gives, or `local` while Redis does not answer: it rejects where that does. */
  readonly orElse: <T>(shared: () => Promise<T>, local: () => Promise<T>) => Promise<T>
  readonly close: () => void
}

/** ms a command may take: no request waits longer for it. */
const commandTimeout = 200
/** ms a start waits for it: a server starts without it as well. */
const connectTimeout = 1000
/** ms for which it is not asked after it failed; then one request finds out. */
const pause = 1000

/** A client of the Redis at `url`, which it connects to again and again; a command that cannot be sent fails at once. */
export async function openRedis(url: string, observe: Observer): Promise<SharedRedis> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    connectionName: 'shopboard',
    lazyConnect: true,
    connectTimeout,
    commandTimeout,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    // what was not answered may have been done: it is not sent again
    autoResendUnfulfilledCommands: false,
  })
  // who sends a command learns of it; without a listener it would end the process
  client.on('error', () => {})
  let askAgainAt = 0
  let isUp = true
  let changes = 0
  function note(state: 'up' | 'down', error?: unknown) {
    askAgainAt = performance.now() + pause
    if (isUp === (state === 'up')) return
    isUp = !isUp
    changes += 1
    observe({ type: 'redis', state, ...(error !== undefined && { error }) })
  }
  await client.connect().catch((error: unknown) => note('down', error))
  return {
    client,
    async orElse(shared, local) {
      const now = performance.now()
      if (!isUp && now < askAgainAt) return local()
      askAgainAt = now + pause
      const before = changes
      try {
        const found = await shared()
        // an answer from before it went tells nothing of now
        if (before === changes) note('up')
        return found
      } catch (error) {
        if (before === changes) note('down', error)
        return local()
      }
    },
    close: () => client.disconnect(),
  }
}
