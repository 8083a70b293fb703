import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corsOf } from '../../src/http/cors.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const write = (app: TestApp, origin: string | undefined) =>
  app.request('http://localhost:3000/api/v1/posts/1/restore', {
    method: 'POST',
    headers: { 'Content-Type': 'text/plain', ...(origin && { Origin: origin }) },
  })
const ownPages = ['http://localhost:3000', 'https://localhost:3000']
const foreignPages = [
  'https://evil.example',
  'http://localhost:5173',
  'null',
  'http://localhost:3000.evil.example',
]

describe('a write of a page, where nobody shows a key', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp({
      services: { isOpen: true, cors: corsOf(['https://shop.example']) },
    })
  })
  afterAll(() => app.close())

  it.each([undefined, 'https://shop.example', ...ownPages])('is done for %s', async (origin) => {
    expect((await write(app, origin)).status).toBe(404)
  })

  it.each(foreignPages)('is refused to %s', async (origin) => {
    const answer = await write(app, origin)
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ code: 'forbidden' })
  })

  it('is done for any page where any may read', async () => {
    const any = await createTestApp({
      url: app.url,
      services: { isOpen: true, cors: corsOf(['*']) },
    })
    expect((await write(any, 'https://evil.example')).status).toBe(404)
    await any.close()
  })

  it('is a matter of the key where one is shown', async () => {
    const keyed = await createTestApp({ url: app.url, services: { isOpen: false } })
    expect((await write(keyed, 'https://evil.example')).status).toBe(404)
    await keyed.close()
  })
})
