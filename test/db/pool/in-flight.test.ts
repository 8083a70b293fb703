import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, openClient } from '../../../src/db/pool/driver.ts'
import { type Failure, trackInFlight } from '../../../src/db/pool/in-flight.ts'
import { useDatabase } from '../../support/database.ts'

describe('trackInFlight', () => {
  const database = useDatabase()
  let client: Client
  beforeEach(() => {
    client = openClient(database.url, {
      connectTimeout: 2_000,
      parameters: {},
      isConnected: () => true,
      onLost: () => {},
    })
  })
  afterEach(() => client.end({ timeout: 1 }))

  const asItIs = (failed?: Failure) => failed

  it('resolves to the result of each query, in the order they were sent', async () => {
    const inFlight = trackInFlight(asItIs)
    const answered: unknown[] = []
    const all = [1, 2, 3].map((n) =>
      inFlight.track(client.unsafe(`select ${n} as n`)).then((rows) => answered.push(...rows)),
    )
    expect(inFlight.size).toBe(3)
    await Promise.all(all)
    expect(answered).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(inFlight.size).toBe(0)
  })

  it('rejects with what onSettled returns, whatever the query did', async () => {
    const first = { error: new Error('the first failure') }
    const inFlight = trackInFlight(() => first)
    await expect(inFlight.track(client.unsafe('select 1/0'))).rejects.toBe(first.error)
    await expect(inFlight.track(client.unsafe('select 1'))).rejects.toBe(first.error)
  })

  it('tells onSettled the error of a query that failed, and none of one that did not', async () => {
    const seen: (Failure | undefined)[] = []
    const inFlight = trackInFlight((failed) => {
      seen.push(failed)
      return failed
    })
    await inFlight.track(client.unsafe('select 1'))
    await expect(inFlight.track(client.unsafe('select 1/0'))).rejects.toMatchObject({
      code: '22012',
    })
    expect(seen).toEqual([undefined, { error: expect.objectContaining({ code: '22012' }) }])
  })

  it('rejects every caller at once, and drains when the server has answered', async () => {
    const inFlight = trackInFlight(asItIs)
    const asked = inFlight.track(client.unsafe(`select pg_sleep(0.05)`))
    inFlight.rejectAll(new Error('told'))
    await expect(asked).rejects.toThrow('told')
    expect(inFlight.size).toBe(1)
    await inFlight.drained()
    expect(inFlight.size).toBe(0)
  })

  it('is drained at once when nothing is in flight', async () => {
    await trackInFlight(asItIs).drained()
  })

  it('cancels what the driver has not sent', async () => {
    const inFlight = trackInFlight(asItIs)
    const begun = client.unsafe('select 1').execute()
    // held back by the driver until the connection stands
    const held = inFlight.track(client.unsafe('create table never_sent ()'))
    await Promise.resolve()
    inFlight.cancelUnsent()
    await expect(held).rejects.toMatchObject({ code: '57014' })
    await begun
    await inFlight.drained()
    const rows = await database.sql`select from pg_tables where tablename = 'never_sent'`
    expect(rows).toHaveLength(0)
  })
})
