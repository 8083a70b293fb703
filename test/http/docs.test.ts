import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Services } from '../../src/http/context.ts'
import { scalarVersion } from '../../src/http/docs.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const apps: TestApp[] = []
afterAll(async () => {
  for (const app of apps) await app.close()
})
async function withServices(services: Partial<Services>) {
  const app = await createTestApp({ services })
  apps.push(app)
  return app
}
const script = `/docs/scalar/${scalarVersion}/standalone.esm.js`

describe('GET /docs', () => {
  let read = 0
  const readScript = async () => {
    read += 1
    return 'start()'
  }
  let app: TestApp
  beforeAll(async () => {
    app = await withServices({ scripts: new Map([['standalone.esm.js', readScript]]) })
  })

  it('allows its own scripts and no other host', async () => {
    const response = await app.request('/docs')
    const page = await response.text()
    const policy = response.headers.get('content-security-policy') ?? ''
    const [, inline = ''] = /<script type="module">([\s\S]*?)<\/script>/.exec(page) ?? []
    expect(inline).toContain(script)
    const hash = createHash('sha256').update(inline).digest('base64')
    expect(policy).toContain(`script-src 'self' 'sha256-${hash}'`)
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/https?:|unsafe-eval|\*/)
    expect(page).not.toMatch(/https?:\/\//)
  })

  it('is not sent again to who has it', async () => {
    const etag = (await app.request('/docs')).headers.get('etag') ?? ''
    const again = await app.request('/docs', { headers: { 'If-None-Match': etag } })
    expect(again.status).toBe(304)
    expect(again.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('reads a script once, and no name that is not in the list', async () => {
    expect(await (await app.request(script)).text()).toBe('start()')
    expect((await app.request(script)).status).toBe(200)
    expect(read).toBe(1)
    expect((await app.request(`/docs/scalar/${scalarVersion}/other.js`)).status).toBe(404)
  })

  it('reads a script again that could not be read', async () => {
    let fails = true
    const readLater = async () => {
      if (fails) throw new Error('too many open files')
      return 'start()'
    }
    const failing = await withServices({ scripts: new Map([['standalone.esm.js', readLater]]) })
    expect((await failing.request(script)).status).toBe(500)
    fails = false
    expect((await failing.request(script)).status).toBe(200)
  })

  it('says where the contract is when no scripts are installed', async () => {
    const bare = await withServices({})
    const response = await bare.request('/docs')
    expect(response.status).toBe(200)
    const page = await response.text()
    expect(page).toContain('href="/openapi.json"')
    expect(page).not.toContain('<script')
    expect((await bare.request(script)).status).toBe(404)
  })
})
