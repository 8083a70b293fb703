import type { Context, MiddlewareHandler, TypedResponse } from 'hono'
import type { Caller } from '../auth/caller.ts'
import type { CacheOutcome, Entry, Tier } from '../cache/cache.ts'
import type { BoundStatement } from '../db/bound-statement.ts'
import type { Database } from '../db/database.ts'
import type { AppEnv } from './context.ts'
import { type Bytes, encodingFor } from './encoding.ts'
import { etagOf, isKnown } from './etag.ts'
import { reply } from './reply.ts'

declare const json: unique symbol
/** The JSON text of a T, as PostgreSQL wrote it: sent as it stands. */
export type JsonText<T> = string & { readonly [json]: T }

export type Loaded<T> = {
  readonly body: T | JsonText<T>
  /** Sent and cached with the body, like `Link`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of the row it shows: its tag begins with it. */
  readonly version?: string
}

export type Read<Row> = {
  /** Its name is the one under which the cost of loading is measured; a write to a table it reads invalidates the answer. */
  readonly statement: BoundStatement<Row>
  readonly tier: Tier
}

/**
 * The one way a read answers: from the cache where that pays, with an `ETag`, and 304 when the client has it.
 * `answerOf` must not use the request's database: a refresh in the background outlives the request.
 */
export async function respond<T, Row>(
  c: Context<AppEnv>,
  read: Read<Row>,
  answerOf: (rows: Row[]) => Loaded<T>,
): Promise<Response & TypedResponse<T, 200, 'json'>> {
  const entry = await remember(c, keyOf(c), read, answerOf)
  return (await send(c, entry)) as Response & TypedResponse<T, 200, 'json'>
}

/** The answer that the cache has under the key, or that the statement gives. */
export async function remember<T, Row>(
  c: Context<AppEnv>,
  key: string,
  { statement, tier }: Read<Row>,
  answerOf: (rows: Row[]) => Loaded<T>,
): Promise<Entry> {
  const { cache, pool, requestTimeout } = c.get('services')
  const { name, reads: tables } = statement
  const load = async (db: Database) => loadedEntry(answerOf(await statement.run(db)))
  // nobody would say when it is out of date
  if (tables.length === 0) return load(c.get('db'))
  const { entry, outcome } = await cache.remember({ key, name, tier, tables }, (where) =>
    where === 'request'
      ? load(c.get('db'))
      : pool(c).transaction({ access: 'read only', deadline: requestTimeout }, load),
  )
  if (outcome) observeOutcome(c, name, outcome)
  return entry
}

/**
 * Answers a cached read before its parameters are validated or it is given a transaction, in half the time. It
 * comes after `identify`: the key holds the caller's scopes, and no request that was refused has an entry.
 */
export const answerFromCache: MiddlewareHandler<AppEnv> = async function answerFromCache(c, next) {
  const { method } = c.req
  if (method !== 'GET' && method !== 'HEAD') return next()
  const hit = c.get('services').cache.peek(keyOf(c))
  if (!hit) return next()
  observeOutcome(c, hit.name, 'hit')
  return send(c, hit.entry)
}

function observeOutcome(c: Context<AppEnv>, name: string, outcome: CacheOutcome): void {
  c.get('timing').cache = outcome
  c.get('services').observe({ type: 'cache', name, outcome })
}

/** Sends an entry, or 304 to a client that has it; compressed where the client takes that and it pays. */
export function send(c: Context<AppEnv>, entry: Entry): Response | Promise<Response> {
  const { text, etag, headers } = entry
  const ifNoneMatch = c.req.header('if-none-match')
  if (ifNoneMatch !== undefined && isKnown(ifNoneMatch, etag)) {
    const { 'Content-Type': _, ...rest } = headers
    return reply(c, null, 304, rest)
  }
  const { encode } = c.get('services')
  const encoding = encode && encodingFor(c.req.header('accept-encoding'), text)
  if (!encoding) return reply(c, text, 200, headers)
  const sendEncoded = (bytes: Bytes) =>
    reply(c, bytes, 200, { ...headers, 'Content-Encoding': encoding })
  const encoded = encode(entry, encoding)
  return encoded instanceof Promise ? encoded.then(sendEncoded) : sendEncoded(encoded)
}

/**
 * JSON unless `headers` say another type, which a client may keep and must revalidate before each use. Texts that differ
 * and are the same to a reader have the same `etag`.
 */
export function entryOf(
  text: string,
  headers: Readonly<Record<string, string>> = {},
  etag = etagOf(text),
): Entry {
  const complete = {
    'Content-Type': 'application/json',
    'Cache-Control': 'private, no-cache',
    Vary: 'Accept-Encoding',
    ...headers,
    ETag: etag,
  }
  return { text, etag, headers: complete }
}

function loadedEntry<T>({ body, headers, version }: Loaded<T>): Entry {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return entryOf(text, headers, etagOf(text, version))
}

function keyOf(c: Context<AppEnv>): string {
  const { url, path } = c.req
  const at = url.indexOf('?')
  return cacheKey(c.get('caller'), at === -1 ? path : path + url.slice(at))
}

/** The caller's scopes, path and query, the query's parameters sorted however they were written. */
export function cacheKey({ scopes }: Caller, target: string): string {
  const scope = scopes.join('+')
  const at = target.indexOf('?') + 1
  const query = at > 0 ? target.slice(at) : ''
  if (!query.includes('&')) return `${scope} ${target}`
  return `${scope} ${target.slice(0, at)}${query.split('&').sort().join('&')}`
}
