import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { initialise } from '../../../src/db/embedded/cluster.ts'
import { openInstallation } from '../../../src/db/embedded/install.ts'
import { readPostmaster } from '../../../src/db/embedded/postmaster.ts'
import { startEmbedded } from '../../../src/db/embedded/server.ts'
import { ask, cloneFor, leave, newDir, startUser, useClusters } from './users.ts'

describe('the cluster', () => {
  const newData = useClusters()

  it('is made once, with a secret password', async () => {
    const installation = openInstallation(newDir())
    await initialise(installation, true)
    const password = join(installation.data, 'password')
    const { mode, mtimeMs } = statSync(password)
    expect(mode & 0o777).toBe(0o600)
    await initialise(installation, true)
    expect(statSync(password).mtimeMs).toBe(mtimeMs)
    expect(readdirSync(installation.dir)).toEqual(['pg18'])
  })

  it('starts with an empty log once that is longer than 16 MiB', async () => {
    const installation = openInstallation(newDir())
    const sizeAfter = async (bytes: number) => {
      writeFileSync(installation.log, '')
      truncateSync(installation.log, bytes)
      await initialise(installation, true)
      return statSync(installation.log).size
    }
    expect(await sizeAfter(16 * 2 ** 20)).toBe(16 * 2 ** 20)
    expect(await sizeAfter(16 * 2 ** 20 + 1)).toBe(0)
  })

  it('speaks UTF-8 and UTC whatever the environment says', async () => {
    const { LANG: _, ...env } = process.env
    const user = await startUser(newDir(), {
      env: { ...env, LC_ALL: 'POSIX', PGPORT: '1', PGDATA: '/nowhere', TZ: 'Asia/Tokyo' },
    })
    expect(
      await ask(
        user.url,
        `select current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone, upper('ä') as upper`,
      ),
    ).toEqual([{ encoding: 'UTF8', zone: 'UTC', upper: 'Ä' }])
    await leave(user)
  })

  it('refuses the data of another major version', async () => {
    const dir = newDir()
    mkdirSync(join(dir, 'pg17'), { recursive: true })
    await expect(startEmbedded({ dir })).rejects.toThrow(/holds the data of PostgreSQL 17/)
  })

  it('starts anew after a start that was killed while it made the cluster', async () => {
    const dir = newDir()
    mkdirSync(join(dir, 'pg18.init-999999999'), { recursive: true })
    writeFileSync(join(dir, 'pg18.init-999999999.password'), 'half')
    const server = await startEmbedded({ dir })
    expect(existsSync(join(dir, 'pg18.init-999999999'))).toBe(false)
    await server.stop()
  })

  it('says where the password belongs that is missing, and starts nothing', async () => {
    const dir = newData()
    const password = join(dir, 'pg18/password')
    rmSync(password)
    await expect(startEmbedded({ dir })).rejects.toThrow(
      `The password of the embedded PostgreSQL is missing: put ${password} back.`,
    )
    expect(readPostmaster(join(dir, 'pg18'))).toBeUndefined()
  })

  it('says which password is wrong, and leaves no server behind', async () => {
    const dir = newData()
    const password = join(dir, 'pg18/password')
    writeFileSync(password, 'wrong')
    await expect(startEmbedded({ dir })).rejects.toThrow(
      `The embedded PostgreSQL refuses the password in ${password}: put back the one it was made with.`,
    )
    await expect.poll(() => readPostmaster(join(dir, 'pg18'))).toBeUndefined()
  })

  it.skipIf(process.getuid?.() !== 0)('says that its user may not write the data', async () => {
    const root = cloneFor(65_534)
    const dir = join(root, 'data')
    await leave(await startUser(dir, { uid: 65_534, root }))
    chmodSync(join(dir, 'pg18'), 0o500)
    await expect(startUser(dir, { uid: 65_534, root })).rejects.toThrow(
      `The data in ${dir} is not to be written by its owner, user 65534: allow it (chmod -R u+rwX), or choose another DATA_DIR.`,
    )
  })

  it.skipIf(process.getuid?.() !== 0)(
    'says whose the data is when it is not the user’s',
    async () => {
      const root = cloneFor(65_534)
      const dir = newDir()
      chmodSync(join(dir, '..'), 0o755)
      const server = await startEmbedded({ dir })
      await expect(startUser(dir, { uid: 65_534, root })).rejects.toThrow(/belongs to user 0/)
      await server.stop()
    },
  )
})
