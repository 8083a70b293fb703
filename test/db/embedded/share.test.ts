import { describe, expect, it } from 'vitest'
import { openInstallation } from '../../../src/db/embedded/install.ts'
import { launchServer } from '../../../src/db/embedded/launch.ts'
import { readPostmaster } from '../../../src/db/embedded/postmaster.ts'
import {
  embeddedUrl,
  readPassword,
  releaseForDeadProcess,
  takeShare,
} from '../../../src/db/embedded/share.ts'
import { ask, gone, startUser, useClusters } from './users.ts'

describe('a share of the embedded server', () => {
  const newData = useClusters()

  it('stops the server when it is the last one, and is released once', async () => {
    const installation = openInstallation(newData())
    await launchServer(installation, true)
    const server = readPostmaster(installation.data)
    if (!server) throw new Error('The server is not there')
    const url = embeddedUrl(server.port, readPassword(installation.data))
    const take = (at: string) => takeShare(at, server, installation)

    const first = await take(url)
    const second = await take(url)
    await expect(take(embeddedUrl(server.port, 'wrong'))).rejects.toMatchObject({ code: '28P01' })
    expect(await first?.release('fast')).toBe('shared')
    expect(await first?.release('fast')).toBe('lost')
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await second?.release('fast')).toBe('stopped')
    expect(readPostmaster(installation.data)).toBeUndefined()
    expect(await take(url)).toBeUndefined()
  })

  it('is released for a dead process of this server, not for one of an earlier server', async () => {
    const dir = newData()
    const { url, pid, child } = await startUser(dir)
    child.kill('SIGSTOP') // or it would take its share again
    await ask(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shopboard share'`,
    )
    const installation = openInstallation(dir)
    expect(await releaseForDeadProcess(installation, pid + 1)).toBe(false)
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await releaseForDeadProcess(installation, pid)).toBe(true)
    child.kill('SIGKILL')
    await gone(pid)
  })
})
