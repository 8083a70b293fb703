import { describe, expect, it } from 'vitest'
import { isZone } from '../../../src/features/stats/zone.ts'
import { useDatabase } from '../../support/database.ts'

describe('isZone', () => {
  const database = useDatabase()

  it('knows every area and city that PostgreSQL knows, and no other', async () => {
    const rows = await database.sql<{ name: string }[]>`select name from pg_timezone_names`
    const names = rows.map(({ name }) => name)
    const areas = names.filter((name) => name.includes('/') && !name.startsWith('posix/'))

    expect(areas.filter((name) => !isZone(name))).toEqual([])
    expect(Intl.supportedValuesOf('timeZone').filter((name) => !names.includes(name))).toEqual([])
  })

  it('knows UTC, GMT and names in any case', () => {
    expect(['UTC', 'GMT', 'utc', 'europe/berlin', 'America/Argentina/Ushuaia'].every(isZone)).toBe(
      true,
    )
  })
})
