import { describe, expect, it } from 'vitest'
import { cursorCodec } from '../../../src/http/paging/cursor.ts'
import {
  type KeysetPage,
  type KeysetRequest,
  keysetMetadata,
} from '../../../src/http/paging/keyset.ts'

const cursors = cursorCodec(new TextEncoder().encode('a key for tests alone'))
const top: KeysetRequest = {
  cursor: undefined,
  page: undefined,
  pageSize: 20,
  fingerprint: 'the list',
  end: ['-infinity', '0'],
  ids: 'falling',
}
const middle: KeysetPage = {
  first: ['b', '20'],
  last: ['a', '10'],
  goesOn: true,
  isPreceded: true,
  total: 45,
  asOf: '2020-05-31T01:40:47.307000Z',
}
const nothing = { ...middle, first: null, last: null, goesOn: false }

/** Metadata with its cursors read. */
function metadataOf(found: KeysetPage, request: KeysetRequest) {
  const { nextCursor, prevCursor, ...rest } = keysetMetadata(found, request, cursors)
  const read = (text: string | null) => text && cursors.read(text, 'the list')
  return { ...rest, next: read(nextCursor), prev: read(prevCursor) }
}

describe('the metadata of a page by keyset', () => {
  it('lead on from the last row and back from the first', () => {
    expect(metadataOf(middle, top)).toEqual({
      strategy: 'page',
      page: 1,
      pageSize: 20,
      total: 45,
      totalPages: 3,
      asOf: middle.asOf,
      hasNext: true,
      hasPrev: true,
      next: { direction: 'next', position: ['a', '10'] },
      prev: { direction: 'prev', position: ['b', '20'] },
    })
  })

  it('know no number of a page that a cursor led to', () => {
    const cursor = { direction: 'next', position: ['c', '30'] } as const
    expect(metadataOf(middle, { ...top, cursor })).toMatchObject({
      strategy: 'cursor',
      page: null,
      totalPages: null,
    })
  })

  it('turn round what goes on and what precedes where the page was reached backwards', () => {
    const cursor = { direction: 'prev', position: ['a', '5'] } as const
    const found = { ...middle, goesOn: false, isPreceded: true }
    expect(metadataOf(found, { ...top, cursor })).toMatchObject({
      hasNext: true,
      hasPrev: false,
      next: { direction: 'next', position: ['a', '10'] },
      prev: null,
    })
  })

  it.each([
    ['next', { direction: 'prev', position: ['a', '9'] }],
    ['prev', { direction: 'next', position: ['a', '11'] }],
  ] as const)(
    'lead back to the row that an empty page was reached from going %s',
    (direction, back) => {
      const cursor = { direction, position: ['a', '10'] }
      const { next, prev } = metadataOf(nothing, { ...top, cursor })
      expect(direction === 'next' ? prev : next).toEqual(back)
      expect(direction === 'next' ? next : prev).toBeNull()
    },
  )

  it.each([
    ['next', { direction: 'prev', position: ['a', '11'] }],
    ['prev', { direction: 'next', position: ['a', '9'] }],
  ] as const)(
    'lead back to that row where ids rise along the list, going %s',
    (direction, back) => {
      const cursor = { direction, position: ['a', '10'] }
      const { next, prev } = metadataOf(nothing, { ...top, cursor, ids: 'rising' })
      expect(direction === 'next' ? prev : next).toEqual(back)
    },
  )

  it('say null of what is too much to count, and lead back from beyond its end', () => {
    const { next, prev, ...rest } = metadataOf({ ...nothing, total: null }, { ...top, page: 9 })
    expect(rest).toMatchObject({ total: null, totalPages: null, hasPrev: true })
    expect([next, prev]).toEqual([null, { direction: 'prev', position: top.end }])
  })

  it('lead back from beyond the end where a jump went too far', () => {
    expect(metadataOf(nothing, { ...top, page: 99 })).toMatchObject({
      page: 99,
      next: null,
      prev: { direction: 'prev', position: ['-infinity', '0'] },
    })
  })

  it('lead nowhere in a list without rows', () => {
    expect(metadataOf({ ...nothing, total: 0 }, { ...top, page: 2 })).toMatchObject({
      hasNext: false,
      hasPrev: false,
      next: null,
      prev: null,
    })
  })
})
