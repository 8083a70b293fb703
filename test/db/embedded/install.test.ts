import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openInstallation } from '../../../src/db/embedded/install.ts'
import { startEmbedded } from '../../../src/db/embedded/server.ts'
import {
  ask,
  cloneFor,
  gone,
  leave,
  newDir,
  newDirectory,
  startUser,
  useClusters,
} from './users.ts'

const nobody = 65_534

describe('the installation', () => {
  it('makes its directory for its user alone, and names the data after the major version', () => {
    const dir = newDir()
    const { data, log, major } = openInstallation(dir)
    expect({ data, log, major }).toEqual({
      data: join(dir, 'pg18'),
      log: join(dir, 'postgres.log'),
      major: 18,
    })
    expect(statSync(dir).mode & 0o777).toBe(0o700)
  })

  it('refuses a path that PostgreSQL cannot hold, and one that is a file', async () => {
    const dir = newDir()
    await expect(startEmbedded({ dir: join(dir, 'd/'.repeat(500)) })).rejects.toThrow(/longer than/)
    writeFileSync(dir, '')
    await expect(startEmbedded({ dir })).rejects.toThrow(/Cannot make the data directory/)
  })
})

describe.skipIf(process.getuid?.() !== 0)('the installation, tested as root', () => {
  const newData = useClusters()

  it('runs for an ordinary user, in a path with spaces, without the links npm makes', async () => {
    const root = cloneFor(nobody)
    const user = await startUser(join(root, 'my data'), { uid: nobody, root })
    expect(await ask(user.url, 'select 1 as one')).toEqual([{ one: 1 }])
    user.child.kill('SIGKILL')
    await gone(user.pid)
  })

  it('runs for root in the clone of an ordinary user, who can go on with the data', async () => {
    const root = cloneFor(nobody)
    const dir = join(root, 'data')
    const server = await startEmbedded({ dir })
    await ask(server.url(), 'create table kept as select 1 as n')
    await server.stop()
    const user = await startUser(dir, { uid: nobody, root })
    expect(await ask(user.url, 'select n from kept')).toEqual([{ n: 1 }])
    await leave(user)
  })

  const common = '/var/lib/shopboard'
  const others = () => (existsSync(common) ? readdirSync(common) : [])

  it('refuses data mounted read-only, and takes no other in its place', async ({ skip }) => {
    const dir = newData()
    const mount = (...args: string[]) => spawnSync('mount', [...args, dir]).status === 0
    skip(!mount('--bind', dir), 'mounting is forbidden here')
    onTestFinished(() => void spawnSync('umount', [dir]))
    skip(!mount('-o', 'remount,ro,bind'), 'mounting read-only is forbidden here')
    const before = others()
    await expect(startEmbedded({ dir })).rejects.toThrow(
      `${dir} is mounted read-only, and PostgreSQL has to write there: mount it writable, or choose another DATA_DIR.`,
    )
    expect(others()).toEqual(before)
  })

  it('refuses data that the server’s user may not write, and takes no other in its place', async () => {
    const dir = newData()
    chmodSync(dir, 0o500)
    const before = others()
    await expect(startEmbedded({ dir })).rejects.toThrow(
      /^\/.* holds a database, and user \d+, as whom PostgreSQL has to run, cannot write there: give it to that user, or choose another DATA_DIR\.$/,
    )
    expect(others()).toEqual(before)
  })

  it('runs for root where user namespaces are forbidden', async () => {
    const bin = newDirectory()
    writeFileSync(join(bin, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const user = await startUser(newDir(), {
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    })
    expect(await ask(user.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave(user)
  })
})
