import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readPostmaster } from '../../src/db/embedded/postmaster.ts'
import { provideDatabase } from '../../src/db/provide.ts'
import { connectTo } from '../support/database.ts'

describe('provideDatabase', () => {
  it('takes the database it is given, and hides its password', async () => {
    const databaseUrl = 'postgres://ann:secret@db.example/shop'
    const { url, description, stop } = await provideDatabase({ databaseUrl, dataDir: '/dev/null' })
    expect({ url, description }).toEqual({
      url: databaseUrl,
      description: 'database db.example:5432/shop',
    })
    await stop()
  })

  it('starts the bundled server where it is given none, and shares it', async () => {
    const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    const dataDir = mkdtempSync(join(base, 'shopboard provide '))
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }))
    const data = join(dataDir, 'pg18')

    const first = await provideDatabase({ databaseUrl: undefined, dataDir })
    const pid = readPostmaster(data)?.pid
    expect(first.description).toBe(`embedded PostgreSQL in ${dataDir}`)
    const second = await provideDatabase({ databaseUrl: undefined, dataDir })
    expect(second.description).toBe(
      `embedded PostgreSQL in ${dataDir}, shared with its process ${pid}`,
    )

    await first.stop()
    const sql = connectTo(second.url)
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
    await sql.end()
    await second.stop()
    expect(readPostmaster(data)).toBeUndefined()
  })
})
