import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app.close())

describe('the contract', () => {
  it('is OpenAPI 3.1 with every route and its failures', async () => {
    const document = (await (await app.request('/openapi.json')).json()) as {
      openapi: string
      paths: Record<string, { get: { responses: Record<string, object> } }>
    }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/livez',
        '/readyz',
        '/api/v1/activity',
        '/api/v1/dashboard/stats',
        '/api/v1/dashboard/active-users',
        '/api/v1/dashboard/trends',
      ]),
    )
    const { responses } = document.paths['/api/v1/activity']?.get ?? { responses: {} }
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '400', '503', '504']))
    expect(responses['400']).toMatchObject({ content: { 'application/problem+json': {} } })
  })
})
