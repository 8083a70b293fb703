import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'

export type Listening = {
  readonly url: string
  /** Accepts no more connections, gives running requests `timeout` ms to finish, then closes what is left. */
  readonly drain: (timeout: number) => Promise<void>
}
type Fetch = Parameters<typeof getRequestListener>[0]

/** Serves `fetch` over HTTP. Port 0 takes a free one. @throws a plain sentence when it cannot listen on the address */
export async function listen(fetch: Fetch, host: string, port: number): Promise<Listening> {
  const server = createServer(getRequestListener(fetch))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explained(error, host, port)))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const actualPort = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    async drain(timeout) {
      let isClosed = false
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          isClosed = true
          resolve()
        })
      })
      const deadline = Date.now() + timeout
      while (!isClosed && Date.now() < deadline) {
        server.closeIdleConnections() // kept alive by a client, without a request on them
        await Promise.race([closed, sleep(20)])
      }
      server.closeAllConnections()
      await closed
    },
  }
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} of ${host} is in use: stop what listens there, or set PORT to another.`,
    EACCES: `Port ${port} of ${host} is not for this user: set PORT to one above 1023.`,
    EADDRNOTAVAIL: `HOST should be an address of this machine; it is "${host}".`,
    ENOTFOUND: `HOST should be an address of this machine; it is "${host}".`,
  }
  return new Error(reasons[error.code ?? ''] ?? `Cannot listen: ${error.message}`, { cause: error })
}
