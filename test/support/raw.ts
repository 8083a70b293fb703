import { connect } from 'node:net'

/** What the server sends back on one connection until it closes it, or has sent a whole body. */
export async function sent(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname, () => socket.write(text))
  let received = ''
  for await (const chunk of socket) {
    received += chunk
    const [head = '', body] = received.split('\r\n\r\n')
    const length = /content-length: (\d+)/i.exec(head)?.[1]
    if (body !== undefined && length !== undefined && body.length >= Number(length)) break
  }
  socket.destroy()
  return received
}
