import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../../src/db/migrate.ts'
import type { SearchPage } from '../../../src/features/search/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { createTestDatabase } from '../../support/database.ts'
import { insertPost, insertUser } from '../../support/factories.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app?.close())
beforeEach(() => app.sql`truncate users, posts restart identity cascade`)

const get = (query: Record<string, string>) =>
  app.request(`/api/v1/search?${new URLSearchParams(query)}`)
async function search(q: string, query: Record<string, string> = {}): Promise<SearchPage> {
  const response = await get({ q, ...query })
  expect(response.status, await response.clone().text()).toBe(200)
  return (await response.json()) as SearchPage
}
const titles = ({ items }: SearchPage) =>
  items.map((item) => (item.type === 'post' ? item.title : item.username))
const headlines = ({ items }: SearchPage) => items.map(({ headline }) => headline)

describe('a search of posts', () => {
  it('takes words, phrases, or, and without', async () => {
    for (const title of ['red apple', 'apple red', 'green pear', 'red pear'])
      await insertPost(app.sql, { title, created_at: '2026-01-01Z' })
    const found = async (q: string) => titles(await search(q)).toSorted()
    expect(await found('apples')).toEqual(['apple red', 'red apple'])
    expect(await found('"red apple"')).toEqual(['red apple'])
    expect(await found('apple or green')).toEqual(['apple red', 'green pear', 'red apple'])
    expect(await found('red -apple')).toEqual(['red pear'])
    expect(await found('-apple')).toEqual(['green pear', 'red pear'])
  })

  it('puts a title above a body, and what is recent above what is old', async () => {
    await insertPost(app.sql, { title: 'in the body', body: 'apple', created_at: '2026-01-01Z' })
    await insertPost(app.sql, { title: 'apple', created_at: '2026-01-01Z' })
    await insertPost(app.sql, { title: 'apple of old', created_at: '2016-01-01Z' })
    expect(titles(await search('apple'))).toEqual(['apple', 'in the body', 'apple of old'])
    expect(titles(await search('apple', { sort: 'recent' }))[2]).toBe('apple of old')
  })

  it('finds what is dated ahead, and ranks it as of today', async () => {
    for (const created_at of ['2099-01-01Z', '9999-12-31T23:59:59.999999Z', '2020-01-01Z'])
      await insertPost(app.sql, { title: `apple ${created_at.slice(0, 4)}`, created_at })
    for (const sort of ['relevance', 'recent']) {
      const found = await search('apple', { sort })
      expect(titles(found)).toEqual(['apple 9999', 'apple 2099', 'apple 2020'])
      expect(found.metadata).toMatchObject({ matches: 3, isExact: true })
      expect(found.counts.posts).toBe(3)
    }
  })

  it('knows no deleted post, and no name of a deleted author', async () => {
    const gone = await insertUser(app.sql, { deleted_at: '2026-01-01Z' })
    const ada = await insertUser(app.sql, { username: 'ada' })
    await insertPost(app.sql, { title: 'apple 1', author_id: gone.id, created_at: '2026-01-01Z' })
    await insertPost(app.sql, { title: 'apple 2', author_id: ada.id, created_at: '2026-01-02Z' })
    await insertPost(app.sql, { title: 'apple 3', deleted_at: '2026-01-01Z' })
    const { items, counts } = await search('apple', { sort: 'recent' })
    expect(items).toMatchObject([
      { title: 'apple 2', author: { id: ada.id, username: 'ada' } },
      { title: 'apple 1', author: null },
    ])
    expect(counts.posts).toBe(2)
  })

  it('finds nothing by stop words or punctuation alone', async () => {
    await insertPost(app.sql, { title: 'the thing' })
    for (const q of [
      'the',
      'and or the',
      '!!!',
      '-',
      '"',
      '%',
      '\\',
      '--',
      '- -',
      '()',
      `'`,
      '🦊',
      ' or ',
    ])
      expect(await search(q), q).toMatchObject({
        items: [],
        metadata: { total: 0, matches: 0, isExact: true, since: null, totalPages: 0 },
        counts: { posts: 0 },
      })
  })

  it('takes whatever may stand in a text', async () => {
    await insertPost(app.sql, {
      title: 'שלום עולם',
      body: 'café Tromsø 50% a\\b',
      created_at: '2026-01-01Z',
    })
    for (const q of [
      'שלום',
      '"שלום עולם"',
      'café',
      'Tromsø',
      '"50',
      'a\\b',
      'cafe\u0301 or café',
      `x or ${'y or '.repeat(58)}שלום`,
    ])
      expect((await search(q)).counts.posts, q).toBe(1)
    for (const q of [
      'a:*',
      `'; drop table posts; --`,
      '<->',
      'a & | !',
      '\u202Ecafé\u0000'.slice(0, 3),
      '(((((',
    ])
      expect((await search(q)).metadata.total, q).toBe(0)
  })
})

describe('the headline of a post', () => {
  it('marks what was found, and escapes all else', async () => {
    await insertPost(app.sql, {
      title: `<b>Apples</b> & "pears" are 'fine'`,
      body: 'before \u{E000}apple\u{E001} <script>alert(1)</script> </mark> 1 < 2',
      created_at: '2026-01-01Z',
    })
    const [headline = ''] = headlines(await search('apple'))
    expect(headline).toContain('<mark>Apples</mark>')
    expect(headline).toContain('before <mark>apple</mark>')
    expect(headline).toContain('&amp; &quot;pears&quot; are &#39;fine&#39;')
    expect(headline.replaceAll(/<\/?mark>/g, '')).not.toMatch(/[<>"'\u{E000}\u{E001}]/u)
    expect(headline.match(/<mark>/g)).toHaveLength(2)
  })

  it('is quick over a text that its parser is slow with', async () => {
    await insertPost(app.sql, {
      title: 'apple',
      body: 'a_'.repeat(200_000),
      created_at: '2026-01-01Z',
    })
    expect(headlines(await search('apple'))[0]).toContain('<mark>apple</mark>')
  })
})

describe('a search of users', () => {
  const users = (q: string, query = {}) => search(q, { type: 'users', ...query })

  it('finds a part of the name: all of it first, then its beginning, then inside', async () => {
    for (const username of ['marianna', 'anna_b', 'Anna', 'hannah', 'annabelle', 'otto'])
      await insertUser(app.sql, { username, email: `anna@${username}.example` })
    await insertUser(app.sql, { username: 'anna', deleted_at: '2026-01-01Z' })
    const found = await users('ANNA')
    expect(titles(found)).toEqual(['Anna', 'anna_b', 'annabelle', 'hannah', 'marianna'])
    expect(headlines(found)).toContain('h<mark>anna</mark>h')
    expect(found.counts).toEqual({ posts: 0, users: 5 })
    expect((await users('example')).items).toEqual([])
  })

  it('takes every character for itself', async () => {
    for (const username of ['100%_sure', '100x_sure', 'back\\slash', `<i>O'Hara</i>`])
      await insertUser(app.sql, { username })
    expect(titles(await users('100%'))).toEqual(['100%_sure'])
    expect(titles(await users('0%_s or'))).toEqual([])
    expect(titles(await users('ck\\slash'))).toEqual(['back\\slash'])
    expect(headlines(await users(`o'hara`))).toEqual(['&lt;i&gt;<mark>O&#39;Hara</mark>&lt;/i&gt;'])
  })

  it('finds names that make no trigrams in this database', async () => {
    await insertUser(app.sql, { username: 'Привет мир' })
    const found = await users('привет')
    expect(found.counts.users).toBe(1)
    expect(headlines(found)).toEqual(['<mark>Привет</mark> мир'])
  })

  it('finds names of any script in a database that knows the letters of ASCII alone', async () => {
    const locale = "locale_provider libc lc_collate 'C' lc_ctype 'C'"
    const database = await createTestDatabase({ migrated: false, locale })
    onTestFinished(database.drop)
    await migrate(database.url)
    const other = await createTestApp({ url: database.url })
    onTestFinished(other.close)
    await insertUser(database.sql, { username: '李小龙 1' })
    for (const [q, counted] of [
      ['李小龙', 1],
      ['李小', null],
    ]) {
      const response = await other.request(`/api/v1/search?type=users&q=${q}`)
      expect(await response.json(), `${q}`).toMatchObject({ counts: { users: counted } })
    }
  })

  it('needs three letters or digits in a row, and counts nothing without', async () => {
    await insertUser(app.sql, { username: 'ab cd' })
    for (const q of ['ab', 'ab cd', '%%%', '___', '12']) {
      expect(await users(q), q).toMatchObject({ items: [], counts: { users: null } })
      expect((await search(q)).counts.users, q).toBeNull()
    }
  })
})

describe('a bad query of GET /api/v1/search', () => {
  it.each([
    ['', ['q']],
    ['q=', ['q']],
    ['q=%20%20', ['q']],
    [`q=${'a'.repeat(301)}`, ['q']],
    ['q=a%00b', ['q']],
    ['q=a&q=b', ['q']],
    ['q=a&type=comments&sort=best&pageSize=0&page=0', ['type', 'sort', 'page', 'pageSize']],
    ['q=a&page=1&cursor=x', ['page']],
    ['q=a&colour=red', ['colour']],
  ])('%s is named, and takes no connection', async (query, paths) => {
    const acquired = app.pool.stats().acquired
    const response = await app.request(`/api/v1/search?${query}`)
    const problem = (await response.json()) as { code: string; errors: { path: string }[] }
    expect(response.status).toBe(400)
    expect(problem.code).toBe('validation_failed')
    expect(problem.errors.map(({ path }) => path).toSorted()).toEqual(paths.toSorted())
    expect(app.pool.stats().acquired).toBe(acquired)
  })

  it('refuses the cursor of another search', async () => {
    for (const title of ['apple pear', 'apple'])
      await insertPost(app.sql, { title, created_at: '2026-01-01Z' })
    const { nextCursor } = (await search('apple', { pageSize: '1' })).metadata
    const cursor = nextCursor ?? ''
    expect((await get({ q: 'apple', pageSize: '2', cursor })).status).toBe(200)
    for (const other of [
      { q: 'pear' },
      { q: 'apple', type: 'users' },
      { q: 'apple', sort: 'recent' },
    ]) {
      const response = await get({ ...other, cursor })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ code: 'invalid_cursor' })
    }
  })
})
