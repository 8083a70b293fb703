import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryCache } from '../../src/cache/memory.ts'
import { entryOf } from '../../src/http/answer.ts'
import { corsOf } from '../../src/http/cors.ts'
import { encoder, encodingFor } from '../../src/http/encoding.ts'
import { compress } from '../../src/server/compress.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { insertPost } from '../support/factories.ts'

const long = 'long '.repeat(1000)

describe('encodingFor', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['BR', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['gzip;q=0.8,br;q=0.8', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0, gzip;q=0', undefined],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['gzip, *;q=0', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['identity', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['identity;q=0', undefined],
    ['identity;q=0, gzip', 'gzip'],
    ['identity;q=0, *', 'br'],
    ['zstd, compress', undefined],
    [' gzip ;q=1 ; x=y ', 'gzip'],
    ['gzip;q=;', 'gzip'],
    [',,;q=1,', undefined],
  ])('takes what the client likes best: %s', (header, encoding) => {
    expect(encodingFor(header, long)).toBe(encoding)
  })

  it('leaves a short text as it is', () => {
    expect(encodingFor('br', 'short')).toBeUndefined()
  })

  it('does not read a header that nobody sends', () => {
    expect(encodingFor(`${','.repeat(16_000)}br`, long)).toBeUndefined()
  })

  it('stands whatever a client sends', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect([undefined, 'br', 'gzip']).toContain(encodingFor(header, long))
      }),
    )
  })
})

describe('an encoder', () => {
  const counting = () => {
    const made: string[] = []
    const encode = encoder(async (text, encoding) => {
      made.push(encoding)
      return compress(text, encoding)
    })
    return { made, encode }
  }

  it('compresses an entry once per encoding, for all who ask at the same time and later', async () => {
    const { made, encode } = counting()
    const entry = entryOf(long)
    const [first, second] = await Promise.all([encode(entry, 'br'), encode(entry, 'br')])
    expect(first).toBe(second)
    expect(encode(entry, 'br')).toBe(first)
    await encode(entry, 'gzip')
    expect(made).toEqual(['br', 'gzip'])
  })

  it('tells how much it keeps', async () => {
    const kept: number[] = []
    const encode = encoder(compress, (_, size) => kept.push(size))
    const bytes = await encode(entryOf(long), 'gzip')
    expect(kept).toEqual([bytes.byteLength])
  })

  it('tries again after a failure', async () => {
    let fails = true
    const encode = encoder(async (text, encoding) => {
      if (fails) throw new Error('no memory')
      return compress(text, encoding)
    })
    const entry = entryOf(long)
    await expect(encode(entry, 'br')).rejects.toThrow('no memory')
    fails = false
    expect((await encode(entry, 'br')).byteLength).toBeGreaterThan(0)
  })
})

describe('a compressed answer', () => {
  const cache = memoryCache({ threshold: 0 })
  let compressions = 0
  let app: TestApp
  beforeAll(async () => {
    const encode = encoder((text, encoding) => {
      compressions += 1
      return compress(text, encoding)
    }, cache.grow)
    app = await createTestApp({ services: { encode, cache, cors: corsOf(['https://a.example']) } })
    app.app.get('/events', (c) => c.body(long, 200, { 'Content-Type': 'text/event-stream' }))
    for (let i = 0; i < 20; i++) await insertPost(app.sql)
  })
  afterAll(() => app.close())
  const feed = '/api/v1/activity'
  const ask = (path: string, accept?: string, init: RequestInit = {}) =>
    app.request(path, {
      ...init,
      headers: { ...init.headers, ...(accept && { 'Accept-Encoding': accept }) },
    })
  const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ])('is the same text: %s', async (encoding, decompress) => {
    for (const path of [feed, '/openapi.json']) {
      const plain = await ask(path)
      const response = await ask(path, encoding)
      expect(response.headers.get('content-encoding')).toBe(encoding)
      const compressed = await bytesOf(response)
      const text = await plain.text()
      expect(compressed.length).toBeLessThan(text.length / 2)
      expect(decompress(compressed).toString()).toBe(text)
    }
  })

  it('has the headers of the plain one', async () => {
    const [plain, compressed] = [await ask(feed), await ask(feed, 'br')]
    for (const name of ['etag', 'link', 'cache-control', 'content-type', 'vary'])
      expect(compressed.headers.get(name), name).toBe(plain.headers.get(name))
    expect(plain.headers.get('vary')?.split(', ')).toEqual(['Accept-Encoding', 'Origin'])
    expect(plain.headers.get('content-encoding')).toBeNull()
  })

  it('is made once for a cached entry', async () => {
    await bytesOf(await ask(`${feed}?pageSize=19`, 'gzip'))
    const before = compressions
    const [hit, again] = await Promise.all([
      ask(`${feed}?pageSize=19`, 'gzip'),
      ask(`${feed}?pageSize=19`, 'gzip'),
    ])
    expect(hit.headers.get('server-timing')).toContain('cache;desc=hit')
    expect(await bytesOf(hit)).toEqual(await bytesOf(again))
    expect(compressions).toBe(before)
  })

  it('is made anew after a write', async () => {
    await insertPost(app.sql, { title: 'a title of its own' })
    cache.invalidate(['posts'])
    const text = brotliDecompressSync(await bytesOf(await ask(feed, 'br'))).toString()
    expect(text).toContain('a title of its own')
  })

  it('is announced to HEAD as to GET', async () => {
    const [get, head] = [await ask(feed, 'br'), await ask(feed, 'br', { method: 'HEAD' })]
    for (const name of ['content-encoding', 'etag', 'vary', 'content-type'])
      expect(head.headers.get(name), name).toBe(get.headers.get(name))
    expect(await head.text()).toBe('')
  })

  it('is not sent to a client that has it', async () => {
    const etag = (await ask(feed)).headers.get('etag') ?? ''
    const response = await ask(feed, 'br', { headers: { 'If-None-Match': etag } })
    expect(response.status).toBe(304)
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(response.headers.get('content-type')).toBeNull()
    expect(response.headers.get('vary')).toContain('Accept-Encoding')
  })

  it.each(['/api/v1/dashboard/stats', '/livez', '/nothing', `${feed}?pageSize=x`, '/events'])(
    'is none where it would not pay: %s',
    async (path) => {
      const response = await ask(path, 'br, gzip')
      expect(response.headers.get('content-encoding')).toBeNull()
      await response.text()
    },
  )

  it('is none for a preflight', async () => {
    const response = await ask(feed, 'br', { method: 'OPTIONS' })
    expect([response.status, response.headers.get('content-encoding')]).toEqual([204, null])
  })
})
