import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type AdmissionOptions, admission } from '../../src/server/admission.ts'

/** Requests by number: what admission needs of them is whether they are still there. */
function opened(options: Partial<AdmissionOptions> = {}) {
  const [served, refused]: [string[], string[]] = [[], []]
  let room = 0
  const enter = admission(
    ({ url = '' }) => {
      served.push(url)
      room -= 1
    },
    {
      room: () => room,
      isQuick: ({ url = '' }) => url.startsWith('quick'),
      patience: 10_000,
      limit: 100,
      refuse: ({ url = '' }) => refused.push(url),
      ...options,
    },
  )
  return {
    served,
    refused,
    give(more: number) {
      room += more
    },
    arrive(...urls: string[]) {
      const held = urls.map((url) => ({ outgoing: { destroyed: false }, url }))
      for (const { url, outgoing } of held)
        enter({ url } as IncomingMessage, outgoing as ServerResponse)
      return held.map(({ outgoing }) => outgoing)
    },
  }
}

describe('admission', () => {
  it('lets in at once where there is room', () => {
    const { arrive, give, served } = opened()
    give(2)
    arrive('1', '2', '3')
    expect(served).toEqual(['1', '2'])
  })

  it('lets the oldest in first when it can serve all in time', async () => {
    const { arrive, give, served } = opened()
    arrive('1', '2', '3')
    give(2)
    await expect.poll(() => served).toEqual(['1', '2'])
    give(1)
    await expect.poll(() => served).toEqual(['1', '2', '3'])
  })

  it('lets the newest in first when the oldest has waited in vain', async () => {
    const { arrive, give, served, refused } = opened({ patience: 100 })
    arrive(...Array.from({ length: 90 }, (_, n) => String(n)))
    await expect.poll(() => refused.length).toBeGreaterThan(0)
    give(1)
    await expect.poll(() => served).toEqual(['89'])
  })

  it('refuses the oldest first, no earlier than its patience, and never twice', async () => {
    const { arrive, refused, served } = opened({ patience: 30 })
    const begun = performance.now()
    arrive('1', '2', '3')
    await expect.poll(() => refused, { interval: 1 }).toEqual(['1', '2', '3'])
    expect(performance.now() - begun).toBeGreaterThanOrEqual(30)
    expect(served).toEqual([])
  })

  it('lets what is quick pass those that wait', () => {
    const { arrive, served } = opened()
    arrive('1', 'quick', '2')
    expect(served).toEqual(['quick'])
  })

  it('forgets who is gone', async () => {
    const { arrive, give, served, refused } = opened()
    const [first] = arrive('1', '2')
    if (first) Object.assign(first, { destroyed: true })
    give(1)
    await expect.poll(() => served).toEqual(['2'])
    expect(refused).toEqual([])
  })

  it('holds no more than its limit', () => {
    const { arrive, refused } = opened({ limit: 2 })
    arrive('1', '2', '3', '4')
    expect(refused).toEqual(['1', '2'])
  })
})
