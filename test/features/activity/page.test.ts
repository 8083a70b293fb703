import { describe, expect, it } from 'vitest'
import { feedPageOf, feedRequestOf, feedStatementOf } from '../../../src/features/activity/page.ts'
import { type ActivityQuery, activityQuery } from '../../../src/features/activity/schemas.ts'
import { cursorCodec } from '../../../src/http/paging/cursor.ts'

const cursors = cursorCodec(new TextEncoder().encode('a key for tests alone'))
const queryOf = (query: Record<string, string> = {}): ActivityQuery => activityQuery.parse(query)
const requestOf = (query: Record<string, string> = {}) => feedRequestOf(queryOf(query), cursors)
const cursorOf = (direction: 'next' | 'prev', query: Record<string, string> = {}) =>
  cursors.write(
    { direction, position: ['2020-05-31T01:40:47.307000Z', '1', '42'] },
    requestOf(query).fingerprint,
  )

describe('feedRequestOf', () => {
  it('reads a cursor of the same filters, whatever the size of the page', () => {
    const cursor = cursorOf('next', { kind: 'post', pageSize: '5' })
    expect(requestOf({ kind: 'post', pageSize: '50', cursor }).cursor).toMatchObject({
      direction: 'next',
    })
  })

  it.each([
    { kind: 'comment' },
    { authorId: '1' },
    { after: '2020-01-01' },
    { before: '2020-01-01' },
  ])('refuses a cursor of other filters than %o', (filters) => {
    const cursor = cursorOf('next')
    expect(() => requestOf({ ...filters, cursor })).toThrow(
      expect.objectContaining({ code: 'invalid_cursor' }),
    )
  })
})

describe('feedStatementOf', () => {
  const nameOf = (query: Record<string, string>) => feedStatementOf(requestOf(query)).name

  it.each([
    ['activity_top', {}],
    ['activity_top', { page: '1' }],
    ['activity_page', { page: '2' }],
    ['activity_before', { cursor: cursorOf('next') }],
    ['activity_after', { cursor: cursorOf('prev') }],
    ['bounded_activity_top', { after: '2020-01-01' }],
    ['activity_top_post_session', { kind: 'session,post' }],
    ['author_activity_page', { authorId: '1', page: '2' }],
    ['bounded_author_activity_top', { authorId: '1', before: '2020-01-01' }],
  ])('is %s for %o', (name, query) => {
    expect(nameOf(query)).toBe(name)
  })

  it.each([
    ['post', ['posts', 'users']],
    ['comment', ['comments', 'users', 'posts']],
    ['signup,session', ['users', 'sessions']],
  ])('reads for %s the tables of its kinds, and those that name its items', (kind, reads) => {
    expect(feedStatementOf(requestOf({ kind })).reads).toEqual(reads)
  })
})

describe('feedPageOf', () => {
  const itemsText = [3, 2, 1]
    .map((id) => `{"kind":"post","id":${id},"createdAt":"2020-01-0${id}T00:00:00.000000Z"}`)
    .join()

  it("sends PostgreSQL's items as they are, with metadata and links", () => {
    const found = {
      items: itemsText,
      count: 3,
      isPreceded: false,
      total: 9,
      asOf: '2020-05-31T01:40:47.307000Z',
    }
    const request = requestOf({ pageSize: '2' })
    const { body, headers } = feedPageOf(found, request, cursors, 'http://host/api/v1/activity')
    expect(JSON.parse(String(body))).toMatchObject({
      items: [{ id: 3 }, { id: 2 }],
      metadata: { total: 9, page: 1, totalPages: 5, hasNext: true, hasPrev: false },
    })
    expect(headers?.Link).toContain('rel="next"')
  })
})
