import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keepsPrepared } from '../../../src/db/pool/keeps-prepared.ts'
import { useDatabase } from '../../support/database.ts'
import { startPgBouncer, withoutPgBouncer } from '../../support/pgbouncer.ts'

describe('keepsPrepared', () => {
  const database = useDatabase()
  let renamer: Awaited<ReturnType<typeof startRenamer>>
  beforeAll(async () => {
    renamer = await startRenamer(database.url)
  })
  afterAll(() => renamer.stop())

  it('is false of a server itself, and of a pooler that passes names on, where nothing stays', async () => {
    expect(await keepsPrepared(database.url, 5_000)).toBe(false)
  })

  it('is true of a pooler that gives statements names of its own', async () => {
    expect(await keepsPrepared(renamer.url, 5_000)).toBe(true)
  })

  it.skipIf(withoutPgBouncer)('is false of PgBouncer 1.18, and leaves nothing there', async () => {
    const pooler = await startPgBouncer(database.url, { poolSize: 1 })
    for (const _ of [1, 2, 3]) expect(await keepsPrepared(pooler.url, 5_000)).toBe(false)
    await pooler.stop()
  })

  it('fails where nobody answers', async () => {
    const nowhere = database.url.replace(/:\d+\//, ':1/')
    await expect(keepsPrepared(nowhere, 5_000)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

/** Passes everything on, and gives prepared statements other names on the way, as PgBouncer 1.21 does. */
async function startRenamer(url: string) {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream])
      sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
    upstream.on('close', () => client.destroy()).pipe(client)
    let isStarted = false
    client
      .on('close', () => upstream.destroy())
      .on('data', (chunk) => {
        upstream.write(isStarted ? renamed(chunk) : chunk)
        isStarted = true
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).toString(),
    stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** The messages with the names in Parse, Describe and Bind prefixed; all are whole in a test's short packets. */
function renamed(chunk: Buffer): Buffer {
  const messages: Buffer[] = []
  for (let at = 0; at < chunk.length; ) {
    const end = at + 1 + chunk.readUInt32BE(at + 1)
    messages.push(renamedOne(chunk.subarray(at, end)))
    at = end
  }
  return Buffer.concat(messages)
}

function renamedOne(message: Buffer): Buffer {
  const type = message.toString('latin1', 0, 1)
  const skipped = { P: 5, D: 6, B: message.indexOf(0, 5) + 1 }[type]
  if (skipped === undefined) return message
  const made = Buffer.concat([
    message.subarray(0, skipped),
    Buffer.from('PGBOUNCER_'),
    message.subarray(skipped),
  ])
  made.writeUInt32BE(made.length - 1, 1)
  return made
}
