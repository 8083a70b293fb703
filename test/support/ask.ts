import type { TestApp } from './app.ts'

export type Asked = {
  readonly id?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks an app, with `body` as JSON: `path` is one of the document, below /api/v1. */
export const askOf =
  ({ request }: TestApp) =>
  async (method: string, path: string, { id, body, headers = {} }: Asked = {}) => {
    const json = body !== undefined && { 'Content-Type': 'application/json' }
    const response = await request(`/api/v1${path.replace('{id}', String(id))}`, {
      method: method.toUpperCase(),
      headers: { ...json, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, headers: response.headers, text, answer }
  }
