import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SearchPage } from '../../../src/features/search/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { describeCommunity, loadCommunity } from '../../support/community.ts'

describeCommunity('GET /api/v1/search over a real community', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
    await loadCommunity(app.sql)
    await app.sql`select rollup.fold()`
  })
  afterAll(() => app?.close())

  const page = async (query: Record<string, string>): Promise<SearchPage> => {
    const response = await app.request(`/api/v1/search?${new URLSearchParams(query)}`)
    expect(response.status).toBe(200)
    return (await response.json()) as SearchPage
  }

  it.each([
    ['fermenting', /\bferment(s|ed|ing|ation|ations|er|ers|able|ative)?\b/gi, /\bfermenting\b/i],
    ['hops', /\bhop(s|ped|ping|py|per)?\b/gi, /\bhops\b/i],
    ['yeast', /yeast/gi, /\byeast\b/i],
  ])(
    'finds of %s what lies between the word itself and all its variants',
    async (q, variants, word) => {
      const texts = await app.sql<{ text: string }[]>`
      select concat_ws(' ', title, regexp_replace(body, '<[^>]*>|https?:\\S*', ' ', 'g')) as text from posts where deleted_at is null`
      const least = texts.filter(({ text }) => word.test(text)).length
      const most = texts.filter(({ text }) => text.search(new RegExp(variants, 'i')) >= 0).length
      const { metadata, counts } = await page({ q })
      expect(metadata.isExact).toBe(true)
      expect(counts.posts).toBe(metadata.matches)
      expect(least).toBeGreaterThan(10)
      expect(metadata.matches).toBeGreaterThanOrEqual(least)
      expect(metadata.matches).toBeLessThanOrEqual(most)
    },
  )

  it('finds the users that plain SQL finds', async () => {
    const [plain] = await app.sql<{ n: number }[]>`
      select count(*)::int as n from users where username ilike '%beer%' and deleted_at is null`
    const { counts, metadata } = await page({ q: 'beer', type: 'users' })
    expect(counts.users).toBe(plain?.n)
    expect(metadata.total).toBe(plain?.n)
  })
})
