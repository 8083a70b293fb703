import { Socket } from 'node:net'
import { type Client, openClient } from '../pool/driver.ts'

/** The connection broke, or the server ended it; what was not committed is rolled back. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** ms until a connection has to stand. */
const connectTimeout = 10_000

export type Line = {
  readonly sql: Client
  /** @returns the server process; cuts what does not stand in time */
  readonly connect: (timeout?: number) => Promise<number>
  /** Resolves once it is. */
  readonly isGone: Promise<void>
  /** At once, whatever the network does; what waits for it rejects. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

/**
 * One connection, and never another: the driver would open the next for a statement that follows a broken
 * connection, even after its end, and keep the process alive by it. Its own socket can be cut, a peer that is silent or not.
 */
export function openLine(url: string, parameters: Readonly<Record<string, string | number>>): Line {
  let socket: Socket | undefined
  const gone = Promise.withResolvers<void>()
  let isCut = false
  const cut = () => {
    isCut = true
    socket?.destroy()
    sql.end({ timeout: 0 }).catch(() => {})
    gone.resolve()
  }
  const sql: Client = openClient(url, {
    connectTimeout,
    parameters,
    isConnected: () => false,
    onLost: cut,
    socket() {
      if (isCut) throw new ConnectionLost('The connection to the database was lost')
      socket = new Socket()
      return socket
    },
  })
  return {
    sql,
    isGone: gone.promise,
    cut,
    async connect(timeout = connectTimeout) {
      const timer = setTimeout(cut, timeout)
      try {
        const { state } = await sql.unsafe('select')
        return state.pid
      } finally {
        clearTimeout(timer)
      }
    },
    async close() {
      await sql.end({ timeout: 0 })
      cut()
    },
  }
}
