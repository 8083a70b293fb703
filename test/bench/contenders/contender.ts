/** What the servers of the bench share: where their database is, and how they tell where they are. */
import { createHmac } from 'node:crypto'
import type { Server } from 'node:http'

export const databaseUrl = process.env.DATABASE_URL ?? ''
/** As Shopboard's default. */
export const poolSize = 10

export function announce(server: Server): void {
  server.once('listening', () => {
    const address = server.address()
    if (typeof address === 'object' && address) {
      process.stdout.write(`Listening at http://127.0.0.1:${address.port}\n`)
    }
  })
}

export const kinds = ['post', 'comment', 'signup']

export const sign = (text: string): string =>
  createHmac('sha256', 'secret').update(text).digest('base64url')

/** The twin's signed cursor to what follows a row. */
export function twinCursor(createdAt: string, kind: number, id: number): string {
  const text = Buffer.from(JSON.stringify([createdAt, kind, id])).toString('base64url')
  return `${text}.${sign(text)}`
}
