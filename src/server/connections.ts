import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Keeps the server at `limit` connections: one too many costs the oldest that has never sent a whole request, which
 * is the new one itself where all others have.
 */
export function limitConnections(server: Server, limit: number): void {
  const silent = new Set<Socket>()
  let open = 0
  server.on('connection', (socket: Socket) => {
    open += 1
    silent.add(socket)
    socket.once('close', () => {
      open -= 1
      silent.delete(socket)
    })
    const [oldest] = silent
    if (open > limit) oldest?.destroy()
  })
  server.on('request', ({ socket }) => silent.delete(socket))
}
