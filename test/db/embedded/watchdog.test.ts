import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { startEmbedded } from '../../../src/db/embedded/server.ts'
import { ask, gone, newDir, startUser, useClusters } from './users.ts'

describe('the watchdog', () => {
  const newData = useClusters()

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'stops the server of a user that dies of %s, which keeps every acknowledged row',
    async (signal) => {
      const dir = newData()
      const user = await startUser(dir, { task: 'write' })
      await expect.poll(() => user.acknowledged.length).toBeGreaterThan(20)
      user.child.kill(signal)
      await gone(user.pid)

      const again = await startEmbedded({ dir })
      const rows = await ask(again.url(), 'select n::text from acknowledged order by n')
      expect(rows.map(({ n }) => n)).toEqual(expect.arrayContaining(user.acknowledged))
      await again.stop()
      await gone(again.pid)
    },
  )

  it('removes the data of a throwaway server whose user dies', async () => {
    const dir = newDir()
    const user = await startUser(dir, { task: 'throwaway' })
    user.child.kill('SIGKILL')
    await gone(user.pid)
    await expect.poll(() => existsSync(dir)).toBe(false)
  })
})
