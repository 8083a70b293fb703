import { describe, expect, it } from 'vitest'
import { linkHeader, metadataOf, type PageFacts } from '../../../src/http/paging/page.ts'

const found: PageFacts<number> = {
  total: 45,
  asOf: '2020-05-31T01:40:47.307000Z',
  hasNext: true,
  hasPrev: true,
  nextCursor: 'n',
  prevCursor: 'p',
}
const url = 'http://internal:3000/api/v1/activity?kind=post&pageSize=20'
const linksOf = (header: string) =>
  Object.fromEntries(
    Array.from(header.matchAll(/<([^>]+)>; rel="(\w+)"/g), ([, target, rel]) => [rel, target]),
  )

describe('metadataOf', () => {
  it('counts the pages where they have numbers', () => {
    const metadata = metadataOf({ strategy: 'page', page: 2 }, 20, found)
    expect(metadata).toMatchObject({ strategy: 'page', page: 2, totalPages: 3, total: 45 })
  })

  it('knows no number behind a cursor', () => {
    const metadata = metadataOf({ strategy: 'cursor' }, 20, found)
    expect(metadata).toMatchObject({ strategy: 'cursor', page: null, totalPages: null, total: 45 })
  })
})

describe('linkHeader', () => {
  it('leads on by cursor, relative to the server, with the filters kept', () => {
    const header = linkHeader(`${url}&cursor=c`, metadataOf({ strategy: 'cursor' }, 20, found))
    expect(linksOf(header)).toEqual({
      first: '/api/v1/activity?kind=post&pageSize=20&page=1',
      next: '/api/v1/activity?kind=post&pageSize=20&cursor=n',
      prev: '/api/v1/activity?kind=post&pageSize=20&cursor=p',
    })
  })

  it('leads on by number where the client asked for one', () => {
    const header = linkHeader(`${url}&page=2`, metadataOf({ strategy: 'page', page: 2 }, 20, found))
    expect(linksOf(header)).toMatchObject({
      next: '/api/v1/activity?kind=post&pageSize=20&page=3',
      prev: '/api/v1/activity?kind=post&pageSize=20&page=1',
    })
  })

  it('leads by cursor to a page that no number reaches', () => {
    const metadata = metadataOf({ strategy: 'page', page: 2 }, 20, found)
    const header = linkHeader(`${url}&page=2`, metadata, (page) => page < 2)
    expect(linksOf(header)).toMatchObject({
      next: '/api/v1/activity?kind=post&pageSize=20&cursor=n',
      prev: '/api/v1/activity?kind=post&pageSize=20&page=1',
    })
  })

  it('leads back from beyond the end to the last page', () => {
    const beyond = { ...found, hasNext: false, nextCursor: null }
    const header = linkHeader(
      `${url}&page=9`,
      metadataOf({ strategy: 'page', page: 9 }, 20, beyond),
    )
    expect(linksOf(header)).toEqual({
      first: '/api/v1/activity?kind=post&pageSize=20&page=1',
      prev: '/api/v1/activity?kind=post&pageSize=20&page=3',
    })
  })
})
