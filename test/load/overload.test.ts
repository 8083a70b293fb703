import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openFilesLimit } from '../../src/server/open-files.ts'
import { output, startShopboard } from '../bench/processes.ts'
import { useDatabase } from '../support/database.ts'
import type { Crowd } from './crowd.ts'
import { startProbing } from './probe.ts'

const db = useDatabase()
const clients = Math.min(1500, openFilesLimit() - 200)

it('a server that more clients ask than it can serve goes on serving and tells the others so', async () => {
  const server = await startShopboard(db.url, { CACHE: 'off', LOG_LEVEL: 'silent' })
  try {
    const program = join(import.meta.dirname, 'crowd.ts')
    const crowd = output(process.execPath, [
      program,
      ...[`${server.url}/api/v1/activity`, clients, 3, 2, 30].map(String),
    ])
    const probes = [startProbing(server.url, true), startProbing(server.url, false)]
    const { perSecond, strange, lost, served }: Crowd = JSON.parse(await crowd)
    const took = (await Promise.all(probes.map(({ stop }) => stop()))).flat()
    expect({ strange, lost }).toEqual({ strange: {}, lost: 0 })
    expect(perSecond).toBeGreaterThan(0)
    expect(served).toBeGreaterThan(0)
    // every one was answered, within the minute a probe waits
    expect(took.length).toBeGreaterThan(2)
    expect(took.filter((ms) => ms === Infinity)).toEqual([])
    const after = await fetch(`${server.url}/api/v1/activity`)
    expect(after.status).toBe(200)
  } finally {
    await server.stop()
  }
}, 300_000)
