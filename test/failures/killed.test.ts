import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'

const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** The program in a process of its own, which anyone may ask; its URL. */
async function serve(databaseUrl: string): Promise<{ url: string; child: ChildProcess }> {
  const { PATH = '' } = process.env
  const env = { PATH, PORT: '0', DATABASE_URL: databaseUrl, AUTH: 'off', MIGRATE: 'off' }
  const child = spawn(process.execPath, ['--import', './scripts/preload.js', 'src/node.ts'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  let output = ''
  child.stdout?.on('data', (chunk) => {
    output += chunk
  })
  await expect.poll(() => output).toMatch(/Shopboard is at/)
  return { url: /http:\/\/\S+/.exec(output)?.[0] ?? '', child }
}

/** Leads to the database at `url`, and keeps back whatever that says to the commit behind a statement with `text`. */
async function keepingCommitsOf(text: string, url: string) {
  const { port, hostname } = new URL(url)
  const kept = Promise.withResolvers<void>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    let isMeant = false
    let isKeeping = false
    client.on('data', (chunk) => {
      isMeant ||= chunk.includes(text)
      isKeeping ||= isMeant && chunk.includes('commit')
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => (isKeeping ? kept.resolve() : client.write(chunk)))
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  return { url: own.toString(), kept: kept.promise, close: () => server.close() }
}

describe('a server that is killed between the commit of a write and its answer', () => {
  const database = useDatabase()
  const post = (url: string, key: string, username: string) =>
    fetch(`${url}/api/v1/users`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify({ username, email: `${username}@a.example` }),
    })
  const named = (username: string) =>
    database.sql<{ id: string }[]>`select id from users where username = ${username}`

  it('has another answer the same key as it would have, with the one row there is', async () => {
    const line = await keepingCommitsOf('into shopboard.idempotency_keys', database.url)
    const killed = await serve(line.url)
    const lost = post(killed.url, 'killed', 'survivor').catch(() => 'no answer')
    await line.kept
    await expect.poll(() => named('survivor')).toHaveLength(1)
    killed.child.kill('SIGKILL')
    expect(await lost).toBe('no answer')
    line.close()

    const { url } = await serve(database.url)
    const answer = await post(url, 'killed', 'survivor')
    expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    const [row, ...others] = await named('survivor')
    expect(others).toEqual([])
    expect(await answer.json()).toMatchObject({ id: Number(row?.id), username: 'survivor' })
    expect(answer.headers.get('location')).toBe(`/api/v1/users/${row?.id}`)
    const again = await post(url, 'killed', 'survivor')
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})
