import { setTimeout as sleep } from 'node:timers/promises'
import { hasCluster } from './cluster.ts'
import type { Installation } from './install.ts'
import { type Joined, type JoinOptions, joinOrLaunch } from './join.ts'
import type { ServerShare } from './share.ts'

/** What befalls a server before it is stopped. */
export type ServerEvent =
  | { readonly type: 'lost' }
  /** It is there again, at the same URL. */
  | { readonly type: 'restarted'; readonly pid: number }
  /** Nobody tries to bring it back any more; the error is a plain sentence for whoever started it. */
  | { readonly type: 'given_up'; readonly error: Error }

export type HoldOptions = Omit<JoinOptions, 'signal' | 'onLost'> & {
  readonly on: (event: ServerEvent) => void
}

/** A share of the server that is taken again whenever the server ends before `release`. */
export type Hold = ServerShare & Pick<Joined, 'url' | 'wasRunning'> & { readonly pid: () => number }

/** ms before the server is brought back: doubled by each try, up to the longest. */
const shortestDelay = 200
const longestDelay = 10_000
/** Tries after which it is given up: some 55 s. A minute without a loss makes up for them. */
const mostTries = 10
const steadyAfter = 60_000

/** Joins or launches the server. @throws as `joinOrLaunch` does */
export async function holdServer(
  installation: Installation,
  { settings, on, ...options }: HoldOptions,
): Promise<Hold> {
  const stopping = new AbortController()
  const { signal } = stopping
  const join = (port?: number) =>
    joinOrLaunch(installation, {
      ...options,
      settings: { ...settings, ...(port && { port: String(port) }) },
      signal,
      onLost,
    })
  let tries = 0
  let joined = await join()
  let joinedAt = performance.now()
  let returning = Promise.resolve()

  function onLost() {
    on({ type: 'lost' })
    returning = bringBack()
  }

  async function bringBack(): Promise<void> {
    if (performance.now() - joinedAt > steadyAfter) tries = 0
    try {
      const again = await rejoin(joined.server.port)
      joined = again
      joinedAt = performance.now()
      on({ type: 'restarted', pid: again.server.pid })
    } catch (cause) {
      if (signal.aborted) return
      const reason = cause instanceof Error ? cause.message : String(cause)
      const error = new Error(`The embedded PostgreSQL ended and is not back: ${reason}`, { cause })
      on({ type: 'given_up', error })
    }
  }

  /** On the port it had: whoever uses the server knows no other. */
  async function rejoin(port: number): Promise<Joined> {
    await sleep(delayOf(tries++), undefined, { signal })
    if (!hasCluster(installation)) throw new Error(`its data in ${installation.dir} is gone.`)
    const again = await join(port).catch((error: unknown) => {
      if (signal.aborted || tries >= mostTries) throw error
      return rejoin(port)
    })
    if (again.server.port === port) return again
    await again.share.release('fast')
    throw new Error(`another process started it on port ${again.server.port} instead of ${port}.`)
  }

  return {
    url: (database) => joined.url(database),
    wasRunning: joined.wasRunning,
    pid: () => joined.server.pid,
    async release(mode) {
      stopping.abort()
      await returning
      return joined.share.release(mode)
    },
  }
}

/** Jitter keeps those who share the server from launching it in the same instant. */
const delayOf = (tries: number) =>
  Math.min(shortestDelay * 2 ** tries, longestDelay) * (0.75 + Math.random() / 2)
