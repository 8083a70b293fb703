import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPostmaster } from '../../../src/db/embedded/postmaster.ts'
import { startEmbedded } from '../../../src/db/embedded/server.ts'
import { ask, gone, leave, newDir, sharesOf, startUser, useClusters } from './users.ts'

describe('the embedded server', () => {
  const newData = useClusters()

  it('is shared by a second user, and stays until the last one leaves or dies', async () => {
    const dir = newData()
    const first = await startUser(dir)
    const second = await startUser(dir)
    const third = await startEmbedded({ dir })
    expect([first.wasRunning, second.wasRunning, third.wasRunning]).toEqual([false, true, true])
    expect([second.pid, third.pid]).toEqual([first.pid, first.pid])

    await leave(first)
    second.child.kill('SIGKILL')
    await third.stop()
    await gone(first.pid)
  })

  it('serves a user on after the one that started it is gone', async () => {
    const dir = newData()
    const first = await startUser(dir)
    const second = await startEmbedded({ dir })
    await leave(first)
    expect(await ask(second.url(), 'select 1 as one')).toEqual([{ one: 1 }])
    await second.stop()
    await gone(second.pid)
  })

  it('comes up once for users who start at the same time on nothing', async () => {
    const dir = newDir()
    const users = await Promise.all([startUser(dir), startUser(dir), startUser(dir)])
    expect(new Set(users.map(({ url }) => url)).size).toBe(1)
    expect(users.filter(({ wasRunning }) => !wasRunning)).toHaveLength(1)
    await Promise.all(users.map(leave))
    await gone(users[0]?.pid ?? 0)
  })

  it('tells a user when it is killed, and comes back at once with its rows', async () => {
    const dir = newData()
    const events: string[] = []
    const server = await startEmbedded({ dir, on: ({ type }) => events.push(type) })
    const { pid } = server
    await ask(server.url(), 'create table kept as select 1 as n')
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => events).toEqual(['lost', 'restarted'])
    expect(server.pid).not.toBe(pid)
    expect(await ask(server.url(), 'select n from kept')).toEqual([{ n: 1 }])
    await server.stop()
    await gone(server.pid)
  })

  it('is stopped with the last user, which dies after it came back', async () => {
    const dir = newData()
    const user = await startUser(dir)
    process.kill(user.pid, 'SIGKILL')
    await gone(user.pid)
    await expect.poll(() => readPostmaster(join(dir, 'pg18'))?.status).toBe('ready')
    const pid = readPostmaster(join(dir, 'pg18'))?.pid ?? 0
    await expect.poll(() => sharesOf(user.url)).toBe(1)
    user.child.kill('SIGKILL')
    await gone(pid)
  })

  it('removes what was only for a test', async () => {
    const dir = newDir()
    const server = await startEmbedded({ dir, durable: false, settings: { work_mem: '7MB' } })
    expect(await ask(server.url(), 'show work_mem')).toEqual([{ work_mem: '7MB' }])
    await server.stop()
    expect(existsSync(dir)).toBe(false)
  })
})
