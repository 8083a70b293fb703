import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ServerEvent } from '../../../src/db/embedded/hold.ts'
import { readPostmaster } from '../../../src/db/embedded/postmaster.ts'
import { startEmbedded } from '../../../src/db/embedded/server.ts'
import { ask, gone, leave, sharesOf, startUser, useClusters } from './users.ts'

describe('a held server', () => {
  const newData = useClusters()

  async function hold(dir: string) {
    const events: ServerEvent[] = []
    const server = await startEmbedded({ dir, on: (event) => events.push(event) })
    return { server, events, kill: () => process.kill(server.pid, 'SIGKILL') }
  }
  const givenUp = (events: readonly ServerEvent[]) =>
    events.flatMap((event) => (event.type === 'given_up' ? [event.error.message] : []))

  it('comes back on its port as often as it is killed', async () => {
    const { server, events, kill } = await hold(newData())
    for (const times of [1, 2, 3]) {
      kill()
      await expect.poll(() => events.length).toBe(2 * times)
      expect(events.at(-1)).toEqual({ type: 'restarted', pid: server.pid })
      expect(await ask(server.url(), 'select 1 as one')).toEqual([{ one: 1 }])
    }
    await server.stop()
    await gone(server.pid)
  })

  it('comes back once for all who share it, and stays until the last one leaves', async () => {
    const dir = newData()
    const user = await startUser(dir)
    const { server, events, kill } = await hold(dir)
    expect(server.url()).toBe(user.url)
    kill()
    await expect.poll(() => sharesOf(user.url)).toBe(2)
    await expect.poll(() => events.map(({ type }) => type)).toEqual(['lost', 'restarted'])
    expect(server.url()).toBe(user.url)
    await leave(user)
    expect(await ask(server.url(), 'select 1 as one')).toEqual([{ one: 1 }])
    await server.stop()
    await gone(server.pid)
  })

  it('keeps its share when the server only restarts after a crash of its own', async () => {
    const { server, events } = await hold(newData())
    const { pid } = server
    const [backend] = await ask(
      server.url(),
      "select pid from pg_stat_activity where application_name = 'shopboard share'",
    )
    process.kill(backend?.pid, 'SIGKILL')
    await expect.poll(() => events.map(({ type }) => type)).toEqual(['lost', 'restarted'])
    expect(server.pid).toBe(pid)
    expect(await sharesOf(server.url())).toBe(1)
    await server.stop()
    await gone(pid)
  })

  it('is given up in a sentence when its data is gone', async () => {
    const dir = newData()
    const { server, events, kill } = await hold(dir)
    rmSync(dir, { recursive: true })
    kill()
    await expect
      .poll(() => givenUp(events))
      .toEqual([`The embedded PostgreSQL ended and is not back: its data in ${dir} is gone.`])
    await server.stop()
  })

  it('is given up when somebody starts it on another port', async () => {
    const dir = newData()
    const { server, events, kill } = await hold(dir)
    const { port } = new URL(server.url())
    const thief = createServer()
    onTestFinished(() => void thief.close())
    kill()
    await gone(server.pid)
    await new Promise<void>((resolve) => thief.listen(Number(port), '127.0.0.1', resolve))
    const other = await startUser(dir)
    expect(new URL(other.url).port).not.toBe(port)
    await expect
      .poll(() => givenUp(events))
      .toEqual([
        expect.stringMatching(/: another process started it on port \d+ instead of \d+\.$/),
      ])
    await server.stop()
    expect(await ask(other.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave(other)
    await gone(other.pid)
  })

  it('is not brought back for one who stops meanwhile', async () => {
    const dir = newData()
    const { server, events, kill } = await hold(dir)
    kill()
    await expect.poll(() => events.length).toBe(1)
    await server.stop()
    await expect.poll(() => readPostmaster(`${dir}/pg18`)).toBeUndefined()
    expect(events.map(({ type }) => type)).toEqual(['lost'])
  })
})
