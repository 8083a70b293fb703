import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isAlive, readPostmaster, removeStaleLock } from '../../../src/db/embedded/postmaster.ts'
import { startEmbedded } from '../../../src/db/embedded/server.ts'
import { newDir, useClusters } from './users.ts'

const dead = 999_999_999

describe('the postmaster', () => {
  const newData = useClusters()

  it('is read while it lives', async () => {
    const dir = newData()
    expect(readPostmaster(join(dir, 'pg18'))).toBeUndefined()
    const server = await startEmbedded({ dir })
    const { port } = new URL(server.url())
    expect(readPostmaster(join(dir, 'pg18'))).toEqual({
      pid: server.pid,
      port: Number(port),
      status: 'ready',
    })
    await server.stop()
    expect(readPostmaster(join(dir, 'pg18'))).toBeUndefined()
  })

  it('starts over a lock file whose process id now belongs to another program', async () => {
    const dir = newData()
    const server = await startEmbedded({ dir })
    const lock = join(dir, 'pg18/postmaster.pid')
    const lines = readFileSync(lock, 'utf8').split('\n')
    await server.stop()
    writeFileSync(lock, [process.pid, ...lines.slice(1)].join('\n'))

    const again = await startEmbedded({ dir })
    expect(again.wasRunning).toBe(false)
    await again.stop()
  })
})

describe('a lock file', () => {
  /** A data directory with this lock file, written so many seconds ago. */
  function locked(content: string, age = 0) {
    const data = newDir()
    mkdirSync(data)
    const lock = join(data, 'postmaster.pid')
    writeFileSync(lock, content)
    const then = Date.now() / 1000 - age
    utimesSync(lock, then, then)
    return { data, isThere: () => existsSync(lock) }
  }

  it.runIf(process.platform === 'linux')('of another program is stale', () => {
    const { data, isThere } = locked(`${process.pid}\n`)
    expect(readPostmaster(data)).toBeUndefined()
    removeStaleLock(data)
    expect(isThere()).toBe(false)
  })

  it.each([
    ['of a dead process is left to PostgreSQL', `${dead}\n`, 60, true],
    ['that was just made is not stale', '', 0, true],
    ['that stays empty is stale', '', 60, false],
  ])('%s', (_, content, age, stays) => {
    const { data, isThere } = locked(content, age)
    expect(readPostmaster(data)).toBeUndefined()
    removeStaleLock(data)
    expect(isThere()).toBe(stays)
  })
})

describe('isAlive', () => {
  it('tells a process from none', () => {
    expect([process.pid, 1, dead].map(isAlive)).toEqual([true, true, false])
  })
})
