import { describe, expect, it } from 'vitest'
import { serverTiming, startTiming } from '../../src/http/server-timing.ts'

describe('serverTiming', () => {
  it('has only the total where neither pool, database nor cache was used', () => {
    expect(serverTiming(startTiming())).toMatch(/^total;dur=\d+(\.\d{1,3})?$/)
  })

  it('has each part in milliseconds, to the microsecond', () => {
    const timing = { ...startTiming(), pool: 0, db: 12.345678, cache: 'stale' as const }
    expect(serverTiming(timing)).toMatch(
      /^total;dur=[\d.]+, pool;dur=0, db;dur=12\.346, cache;desc=stale$/,
    )
  })
})
