import type { Context, TypedResponse } from 'hono'
import type { AppEnv } from '../context.ts'
import type { Database } from '../db/database.ts'
import { reply } from '../reply.ts'
import type { Entry, Question } from './cache.ts'
import { etagOf, isKnown } from './etag.ts'

declare const json: unique symbol
/** The JSON text of a T, as PostgreSQL wrote it: sent as it stands. */
export type JsonText<T> = string & { readonly [json]: T }

export type Loaded<T> = {
  readonly body: T | JsonText<T>
  /** Sent, and kept in the cache, with the body: `Link`. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The one way a read answers: from the cache where that pays, with `ETag`, and 304 when the client has it.
 * `load` must ask the database it is given: a refresh in the background outlives the request.
 */
export async function answer<T>(
  c: Context<AppEnv>,
  question: Omit<Question, 'key'>,
  load: (db: Database) => Promise<Loaded<T>>,
): Promise<Response & TypedResponse<T, 200, 'json'>> {
  const { cache, connections, requestTimeout, observe } = c.get('services')
  const { name, tier, tables } = question
  const { entry, outcome } = await cache.remember(
    { key: keyOf(c), name, tier, tables },
    async (where) =>
      entryOf(
        where === 'request'
          ? await load(c.get('db'))
          : await connections(c).transaction(
              { access: 'read only', deadline: requestTimeout },
              load,
            ),
      ),
  )
  if (outcome) {
    c.get('timing').cache = outcome
    observe({ type: 'cache', name, outcome })
  }
  const ifNoneMatch = c.req.header('if-none-match')
  const isUnchanged = ifNoneMatch !== undefined && isKnown(ifNoneMatch, entry.etag)
  return send(c, entry, isUnchanged)
}

function send<T>(c: Context<AppEnv>, { text, etag, headers }: Entry, isUnchanged: boolean) {
  const response: Response = isUnchanged
    ? reply(c, null, 304, { ...headers, ...always, ETag: etag })
    : reply(c, text, 200, { ...headers, ...always, ETag: etag, ...asJson })
  return response as Response & TypedResponse<T, 200, 'json'>
}

const asJson = { 'Content-Type': 'application/json' }
/** A client may keep it, and must ask whether it still holds. */
const always = { 'Cache-Control': 'private, no-cache' }

function entryOf<T>({ body, headers }: Loaded<T>): Entry {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { text, etag: etagOf(text), headers }
}

/** Path and query, the query's parameters in one order however they were written. */
function keyOf(c: Context<AppEnv>): string {
  const { url, path } = c.req
  const at = url.indexOf('?')
  if (at === -1) return path
  const query = url.slice(at + 1)
  return `${path}?${query.includes('&') ? query.split('&').sort().join('&') : query}`
}
