import { type ClientRequestOptions, hc } from 'hono/client'
import type { AppType } from './app.ts'

/** The API as typed calls: `client.api.v1.activity.$get({ query: { pageSize: '50' } })`. */
export const createClient = (url: string, options?: ClientRequestOptions) =>
  hc<AppType>(url, options)

export type Client = ReturnType<typeof createClient>
