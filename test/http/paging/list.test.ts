import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Post } from '../../../src/features/posts/schemas.ts'
import { cursorCodec } from '../../../src/http/paging/cursor.ts'
import { listPageOf, listRequestOf } from '../../../src/http/paging/list.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import type { AnyPage } from '../../support/lists.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
  for (const id of [1, 2, 3]) {
    await insertUser(app.sql, { id, username: `naïve ${id}` })
    const title = 't'.repeat(250 * id)
    await insertPost(app.sql, { id, author_id: id, title, body: 'x'.repeat(6_000 * (id - 1)) })
    await insertComment(app.sql, { id, post_id: id, author_id: id })
    await insertSession(app.sql, { id, user_id: id })
  }
})
afterAll(() => app?.close())

const get = (path: string) => app.request(`/api/v1/${path}`)

async function faults(path: string): Promise<string[]> {
  const response = await get(path)
  const problem = (await response.json()) as { code: string; errors?: { path: string }[] }
  expect(response.status).toBe(400)
  return [problem.code, ...(problem.errors ?? []).map((error) => error.path)].sort()
}

const invalid = (...paths: string[]) => ['validation_failed', ...paths].sort()

describe('a bad query of a list', () => {
  it.each([
    ['posts?colour=red&sort=title', invalid('colour', 'sort')],
    ['posts?authorId=9223372036854775808&order=down', invalid('authorId', 'order')],
    ['posts?sort=commentsCount&authorId=1', invalid('authorId')],
    ['posts?sort=commentsCount&createdAfter=2020-01-01', invalid('createdAfter')],
    ['posts?createdAfter=2021-01-01&createdBefore=2020-01-01', invalid('createdAfter')],
    ['posts?postId=1', invalid('postId')],
    ['posts?tag=a&metadata[b]=1&sort=commentsCount', invalid('tag', 'metadata')],
    ['posts?tag=a&metadata[b]=1&authorId=1', invalid('tag', 'metadata')],
    [`posts?tag=${'a'.repeat(51)}`, invalid('tag')],
    ['posts?tag=a,,b&page=0', invalid('tag', 'page')],
    ['posts?metadata=1&order=down', invalid('metadata', 'order')],
    ['posts?metadata[]=1&metadata[a=1', invalid('metadata[]', 'metadata[a')],
    ['posts?metadata[a][b][c][d][e]=1', invalid('metadata[a][b][c][d][e]')],
    ['posts?metadata[a]=1&metadata[a]=2', invalid('metadata[a]')],
    ['posts?metadata[a]=1&metadata[a][b]=2', invalid('metadata[a][b]')],
    [
      'posts?metadata[a]=1&metadata[b]=2&metadata[c]=3&metadata[d]=4&metadata[e]=5',
      invalid('metadata'),
    ],
    ['posts?preferences[a]=1', invalid('preferences[a]')],
    [
      'users?preferences[a]=1&isActive=true&isAdmin=true&search=abc',
      invalid('isActive', 'isAdmin', 'search'),
    ],
    ['users?preferences[a]=1&sort=username', invalid('preferences')],
    ['comments?authorId=1&postId=1&pageSize=0', invalid('pageSize', 'postId')],
    ['comments?sort=lastSeenAt', invalid('sort')],
    ['sessions?authorId=1', invalid('authorId')],
    ['sessions?sort=lastSeenAt&createdBefore=2020-01-01', invalid('createdBefore')],
    ['users?isActive=yes&isAdmin=1', invalid('isActive', 'isAdmin')],
    ['users?email=a@b.c', invalid('email')],
    ['users?sort=username&createdBefore=2020-01-01', invalid('createdBefore')],
    [`users?search=${'a'.repeat(2_000)}`, invalid('search')],
    ['users?search=%25%25%25', invalid('search')],
    ['users?search=ab', invalid('search')],
    ['users?search=\\\\\\&page=0', invalid('page', 'search')],
    ['users?cursor=abc&page=2', invalid('page')],
    ['users?cursor=abc', ['invalid_cursor']],
    [`users?cursor=${'A'.repeat(5_000)}`, ['invalid_cursor']],
    ['posts/9007199254740992', invalid('id')],
    ['posts/1.5', invalid('id')],
    ['posts/abc', invalid('id')],
    ['posts/1?colour=red', invalid('colour')],
  ])('%s has every fault named', async (path, expected) => {
    expect(await faults(path)).toEqual(expected)
  })

  it.each([
    'users?search=שלום',
    'users?search=e%CC%81te%CC%81abc',
    'users?search=%25%25abc\\',
    'users?search=naïve',
    'posts?authorId=0',
    'posts?authorId=-9007199254740991&page=1000000000&order=asc',
    'comments?postId=0&page=1000000000',
    'sessions?userId=0&sort=lastSeenAt&page=1000000000',
    'posts?sort=commentsCount&page=1000000000',
    'users?createdAfter=9999-12-31&order=asc&page=7',
    'posts?tag={,"a\\",%27,null',
    'posts?metadata[a%22}\\,{]=%27}%22\\&page=2',
    'posts?metadata[a]=1e999&metadata[b]=-1e-999&metadata[c][__proto__]=NaN&metadata[__proto__]=0',
    `posts?metadata[a]=${'9'.repeat(5_000)}`,
    'users?preferences[%F0%9F%92%A5]=null&createdBefore=2020-01-01',
  ])('%s is answered, by an empty page or what there is', async (path) => {
    const { items, metadata } = (await (await get(path)).json()) as AnyPage
    expect(items).toHaveLength(path.includes('na') ? 3 : 0)
    expect(metadata.hasNext).toBe(false)
  })

  it('is a parameter that is given twice, whatever it is given', async () => {
    const response = await get(
      'users?sort=createdAt&sort=createdAt&order=asc&order=desc&page=1&page=2',
    )
    expect(await response.json()).toMatchObject({
      errors: ['sort', 'order', 'page'].map((path) => ({ path, message: 'must be given once' })),
    })
  })

  it('is a cursor of another list, sort, order, filter or search', async () => {
    const asked = ['posts', 'posts?order=asc', 'posts?sort=commentsCount', 'posts?authorId=1']
    const others = ['comments', 'users', 'users?search=naïve', 'users?sort=username']
    for (const from of [...asked, ...others]) {
      const separator = from.includes('?') ? '&' : '?'
      const { metadata } = (await (
        await get(`${from}${separator}pageSize=1&page=2`)
      ).json()) as AnyPage
      const cursor = metadata.prevCursor
      for (const to of [...asked, ...others]) {
        const response = await get(`${to}${to.includes('?') ? '&' : '?'}cursor=${cursor}`)
        expect([from, to, response.status]).toEqual([from, to, from === to ? 200 : 400])
      }
    }
  })
})

const lengthsOf = ({ title, body, isTruncated }: Post) => [title?.length, body.length, isTruncated]

describe('the links of a page', () => {
  it.each([
    [50_000, 'page', 'page'],
    [50_001, 'cursor', 'page'],
    [150_001, 'page', 'cursor'],
  ])('lead on from page %i of 200,000 to where it can be gone', (page, next, prev) => {
    const cursors = cursorCodec(new Uint8Array(32))
    const asked = { sort: 'username', page, pageSize: 1 } as const
    const { headers } = listPageOf(
      { isPassedOver: () => true },
      {
        rows: '["a","1"]\n{}\n["b","2"]\n{}',
        isPreceded: true,
        total: 200_000,
        asOf: '2020-05-31T01:40:47.307000Z',
      },
      listRequestOf({ name: 'users', filters: [] }, asked, cursors),
      cursors,
      `http://localhost/users?pageSize=1&page=${page}`,
    )
    expect(headers?.Link).toMatch(new RegExp(`[?&]${next}=[\\w-]+>; rel="next"`))
    expect(headers?.Link).toMatch(new RegExp(`[?&]${prev}=[\\w-]+>; rel="prev"`))
  })
})

describe('a row by its id', () => {
  it('is not found where there is none, or it is deleted', async () => {
    await insertPost(app.sql, { id: 9, deleted_at: '2020-01-01Z' })
    for (const path of [
      'posts/0',
      'posts/-5',
      'posts/9',
      'users/77',
      'comments/0',
      'sessions/-1',
    ]) {
      const response = await get(path)
      expect([path, response.status]).toEqual([path, 404])
      expect(await response.json()).toMatchObject({ code: 'not_found' })
    }
  })

  it('has all of a title and a body of which the list has the beginning', async () => {
    const { items } = (await (await get('posts?sort=commentsCount&order=asc')).json()) as {
      items: Post[]
    }
    expect(items.map(lengthsOf)).toEqual([
      [250, 0, false],
      [300, 5_000, true],
      [300, 5_000, true],
    ])
    const whole = (await (await get('posts/3')).json()) as Post
    expect(lengthsOf(whole)).toEqual([750, 12_000, false])
  })

  it('goes without the name of a deleted account', async () => {
    await insertUser(app.sql, { id: 50, deleted_at: '2020-01-01Z' })
    await insertPost(app.sql, { id: 60, author_id: 50, created_at: '2010-01-01Z' })
    expect(await (await get('posts/60')).json()).toMatchObject({ author: null, commentsCount: 0 })
  })

  it('never shows an e-mail address', async () => {
    await insertUser(app.sql, { id: 51, email: 'secret@example.org', created_at: '2010-01-01Z' })
    for (const path of ['users/51', 'users?order=asc&pageSize=1'])
      expect(await (await get(path)).text()).not.toContain('secret')
  })
})
