import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Bulk, openBulk } from '../../../src/db/bulk/bulk.ts'
import { copyFrom } from '../../../src/db/bulk/copy.ts'
import { useDatabase } from '../../support/database.ts'
import { startProxy } from '../../support/proxy.ts'

const database = useDatabase()
let bulk: Bulk
beforeEach(async () => {
  bulk = await openBulk(database.url)
})
afterEach(() => bulk.close())

describe('copyFrom', () => {
  beforeEach(() => bulk.sql`create temp table copied (n integer unique)`.then(() => undefined))
  const copy = (chunks: AsyncIterable<Buffer>) =>
    copyFrom(bulk.sql, bulk.sql`copy copied from stdin`, chunks)
  const count = async () => (await bulk.sql`select from copied`).length

  it('copies every chunk, wherever it is cut', async () => {
    async function* chunks() {
      for (const text of ['1\n2', '3\n', '', '4\n']) yield Buffer.from(text)
    }
    await copy(chunks())
    expect(await bulk.sql`select n from copied order by n`).toEqual([{ n: 1 }, { n: 4 }, { n: 23 }])
  })

  it('stops asking for chunks once PostgreSQL refuses one, and throws what it says', async () => {
    async function* chunks() {
      yield Buffer.from('x\n')
      for (;;) yield Buffer.alloc(64 * 1024, '1\n')
    }
    await expect(copy(chunks())).rejects.toMatchObject({ code: '22P02' })
  })

  it('notices in a transaction that the rows are refused at the very end', async () => {
    async function* chunks() {
      yield Buffer.from('1\n1\n')
    }
    await bulk.sql`begin`
    await expect(copy(chunks())).rejects.toMatchObject({ code: '25P02' })
    await bulk.sql`rollback`
  })

  it('keeps nothing when its chunks fail', async () => {
    async function* chunks() {
      yield Buffer.from('1\n')
      throw new Error('The disk is gone.')
    }
    await expect(copy(chunks())).rejects.toThrow('The disk is gone.')
    expect(await count()).toBe(0)
  })

  it.each(['cut', 'reset'] as const)(
    'fails when the connection breaks before its next chunk is there: %s',
    async (way) => {
      const proxy = await startProxy(database.url)
      const broken = await openBulk(proxy.url)
      await broken.sql`create temp table copied (n integer)`
      async function* chunks() {
        yield Buffer.from('1\n')
        proxy[way]()
        await new Promise(() => {})
      }
      const copied = copyFrom(broken.sql, broken.sql`copy copied from stdin`, chunks())
      await expect(copied).rejects.toThrow(/CONNECTION_CLOSED|ECONNRESET/)
      await broken.close()
      await proxy.close()
    },
  )

  it('fails when the connection breaks while a chunk is on its way', async () => {
    const proxy = await startProxy(database.url)
    const broken = await openBulk(proxy.url)
    await broken.sql`create temp table copied (n integer)`
    let sent = 0
    async function* chunks() {
      for (;;) {
        yield Buffer.alloc(1024 * 1024, '1\n')
        sent += 1
        if (sent === 1) proxy.freeze()
      }
    }
    const copied = copyFrom(broken.sql, broken.sql`copy copied from stdin`, chunks())
    const failed = expect(copied).rejects.toThrow()
    const seen: number[] = []
    const stands = () => seen.at(-1) === sent || !seen.push(sent)
    await expect.poll(stands, { interval: 100 }).toBe(true)
    proxy.reset()
    await failed
    await broken.close()
    await proxy.close()
  })
})
