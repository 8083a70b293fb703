import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { overloaded } from '../errors/error.ts'
import type { Cors } from '../http/cors.ts'
import type { HostNames } from '../http/host.ts'
import { type AdmissionOptions, admission, type Handle } from './admission.ts'
import { limitConnections } from './connections.ts'
import { malformed } from './malformed.ts'
import { refuse, unservable } from './refusal.ts'
import { answerUnreadable } from './unreadable.ts'

export type Listening = {
  readonly url: string
  /** Accepts no more connections, gives running requests `timeout` ms to finish, then closes what is left. */
  readonly drain: (timeout: number) => Promise<void>
}

/** Durations in ms. */
export type ListenOptions = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Those of its `Host` headers it answers for. */
  readonly names?: HostNames
  /** For what it answers itself. */
  readonly cors?: Cors | undefined
  readonly maxConnections?: number
  /** A request's headers, from its first byte or the connection. */
  readonly headersTimeout?: number
  /** The whole request. */
  readonly bodyTimeout?: number
  /** Between a response and the next request. */
  readonly keepAliveTimeout?: number
  /** Lets all in at once unless given. */
  readonly admission?: Omit<AdmissionOptions, 'limit' | 'refuse'>
  readonly onRefused?: () => void
}
type Fetch = Parameters<typeof getRequestListener>[0]

/** Connections the kernel keeps for us until they are accepted; it may allow fewer. */
const backlog = 4096

/** Serves `fetch` over HTTP. @throws a plain sentence when it cannot listen on the address */
export async function listen(fetch: Fetch, options: ListenOptions): Promise<Listening> {
  const { host, port, maxConnections = 10_000 } = options
  const server = createServer(
    {
      headersTimeout: options.headersTimeout ?? 10_000,
      requestTimeout: options.bodyTimeout ?? 30_000,
      keepAliveTimeout: options.keepAliveTimeout ?? 5_000,
      connectionsCheckingInterval: 1_000,
      // HTTP/1.0 knows no Host, and `malformed` answers where it is missing
      requireHostHeader: false,
    },
    handlerOf(fetch, options, maxConnections),
  )
  limitConnections(server, maxConnections)
  answerUnreadable(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explained(error, host, port)))
    server.listen({ port, host, backlog }, resolve)
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

/** What a request passes before the app: its form, and admission; health checks are always answered. */
function handlerOf(fetch: Fetch, options: ListenOptions, limit: number): Handle {
  const { names, cors, onRefused } = options
  const serve: Handle = getRequestListener(fetch, {
    hostname: 'localhost', // where HTTP/1.0 names none
    errorHandler: unservable,
  })
  const enter =
    options.admission &&
    admission(serve, {
      ...options.admission,
      limit,
      refuse(incoming, outgoing) {
        onRefused?.()
        refuse(incoming, outgoing, overloaded(), cors)
      },
    })
  return function handle(incoming: IncomingMessage, outgoing: ServerResponse) {
    const isHealth = /^\/(livez|readyz)(\?|$)/.test(incoming.url ?? '')
    const fault = malformed(incoming, isHealth ? undefined : names)
    if (fault) return refuse(incoming, outgoing, fault, cors)
    if (enter && !isHealth) enter(incoming, outgoing)
    else serve(incoming, outgoing)
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
