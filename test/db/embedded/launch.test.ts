import { describe, expect, it } from 'vitest'
import { openInstallation } from '../../../src/db/embedded/install.ts'
import { launchServer } from '../../../src/db/embedded/launch.ts'
import { readPostmaster } from '../../../src/db/embedded/postmaster.ts'
import { gone, useClusters } from './users.ts'

describe('launchServer', () => {
  const newData = useClusters()

  it('launches one server of two at once, and tells the other', async () => {
    const installation = openInstallation(newData())
    const pids = await Promise.all([1, 2].map(() => launchServer(installation, true)))
    const launched = pids.filter((pid) => pid !== undefined)
    expect(launched).toHaveLength(1)
    const [pid = 0] = launched
    expect(readPostmaster(installation.data)).toMatchObject({ pid, status: 'ready' })
    process.kill(pid, 'SIGINT')
    await gone(pid)
  })

  it('says with the end of the log why the server did not start', async () => {
    const installation = openInstallation(newData())
    await expect(launchServer(installation, true, { work_mem: 'much' })).rejects.toThrow(
      /^PostgreSQL did not start \(exit 1\)\. Its log, .*, ends:[\s\S]*invalid value for parameter "work_mem"/,
    )
  })
})
