import { afterAll, beforeAll } from 'vitest'
import { createTestApp, type TestApp } from '../../support/app.ts'

export type Fault = { path: string; message: string }

/** The app for the tests of one file, and its dashboard's answers. */
export function useDashboard() {
  let started: TestApp | undefined
  const current = () => {
    if (!started) throw new Error('The app is there while tests run, not while they are collected')
    return started
  }
  beforeAll(async () => {
    started = await createTestApp()
  })
  afterAll(() => started?.close())

  const ask = (path: string, query: Record<string, string> = {}) =>
    current().request(`/api/v1/dashboard/${path}?${new URLSearchParams(query)}`)
  return {
    get sql() {
      return current().sql
    },
    get url() {
      return current().url
    },
    get connections() {
      return current().pool
    },
    async get<Body>(path: string, query?: Record<string, string>): Promise<Body> {
      const response = await ask(path, query)
      if (response.status !== 200) throw new Error(await response.text())
      return response.json()
    },
    /** What was wrong with a query, given as it stands in the URL; no connection may have been taken for it. */
    async faults(pathAndQuery: string): Promise<Fault[]> {
      const before = current().pool.stats().acquired
      const response = await current().request(`/api/v1/dashboard/${pathAndQuery}`)
      const problem = (await response.json()) as { code?: string; errors?: Fault[] }
      if (response.status !== 400) throw new Error(`${response.status} for ${pathAndQuery}`)
      if (problem.code !== 'validation_failed') throw new Error(`${problem.code}`)
      if (current().pool.stats().acquired !== before) throw new Error('A connection was taken')
      return problem.errors ?? []
    },
  }
}
