import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * What becomes of a new connection: led on, never answered, closed at once, closed when the client has
 * introduced itself, or answered in another protocol.
 */
export type Manner = 'pass' | 'silent' | 'close' | 'hang up' | 'babble'

export type TestProxy = {
  /** The database's url, by way of the proxy. */
  readonly url: string
  /** Times somebody waited for the server: packets that followed an answer, or began. Assign 0 to start anew. */
  roundTrips: number
  /** Connections accepted so far, cancel requests included. */
  accepted: number
  /** ms added to every round trip. */
  delay: number
  manner: Manner
  /** Breaks every connection there is. */
  cut(): void
  /** As `cut`, like a host that knows the connections no more. */
  reset(): void
  /** Nothing passes any more on the connections there are, as on a network that lost a cable. */
  freeze(): void
  /** Stops listening: connections are refused from now on, and there are none. */
  refuse(): Promise<void>
  /** Listens again, on the same port. */
  accept(): Promise<void>
  close(): Promise<void>
}

/** A TCP proxy before the database at `url` that counts, delays and breaks. */
export async function startProxy(url: string): Promise<TestProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    proxy.accepted += 1
    keep(client)
    if (proxy.manner === 'close') client.destroy()
    if (proxy.manner === 'hang up') client.once('data', () => client.end())
    if (proxy.manner === 'babble') client.once('data', () => client.end('HTTP/1.1 400 No\r\n\r\n'))
    if (proxy.manner === 'pass') lead(client)
  })

  function keep(socket: Socket) {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }

  function lead(client: Socket) {
    const upstream = connect({
      port: Number(target.port || 5432),
      host: target.hostname,
      noDelay: true,
    })
    keep(upstream)
    let isAnswered = true
    client.on('data', (chunk) => {
      if (isAnswered) proxy.roundTrips += 1
      isAnswered = false
      if (proxy.delay === 0) upstream.write(chunk)
      else setTimeout(() => upstream.write(chunk), proxy.delay)
    })
    upstream.on('data', (chunk) => {
      isAnswered = true
      client.write(chunk)
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)

  const proxy: TestProxy = {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).toString(),
    roundTrips: 0,
    accepted: 0,
    delay: 0,
    manner: 'pass',
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    freeze() {
      for (const socket of sockets) socket.pause()
    },
    async refuse() {
      const closed = once(server, 'close')
      server.close()
      proxy.cut()
      await closed
    },
    async accept() {
      await listen(port)
    },
    async close() {
      if (server.listening) await proxy.refuse()
    },
  }
  return proxy
}
