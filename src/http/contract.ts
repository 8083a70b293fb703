import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from './context.ts'
import { version } from './version.ts'

/** What the OpenAPI document says of the API as a whole; its paths follow from the routes. */
export const contract = {
  openapi: '3.1.0',
  info: {
    title: 'Shopboard',
    version,
    summary: 'Exact dashboard statistics and an endless activity feed in constant time.',
    description: [
      'Times are RFC 3339 UTC with microseconds; a time in a query is any RFC 3339 instant, or a date (midnight UTC).',
      'Unknown query parameters are refused, and every fault is told at once.',
      'Every failure is a problem document (RFC 9457) with a `code` for programs. Only what cannot be read as a request gets a bare 400, or 431 for more than 16 KiB of headers.',
      'Every path answers HEAD as GET without a body, OPTIONS with `Allow`, and any other method with 405 `method_not_allowed`; an unknown path is 404 `not_found`.',
      'A slash at the end of a path is redirected to the path without it.',
      'What is under `/api` takes a key with the scope that the operation names, unless the server runs with `AUTH=off`: `read`, `write` (which does not read), or `admin` (which does both). All else is open to anyone.',
    ].join('\n\n'),
    contact: { name: 'The Shopboard authors' },
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/', description: 'The server that answers with this document.' }],
  security: [],
  tags: [
    { name: 'Activity', description: 'What happened, newest first.' },
    {
      name: 'Admin',
      description: 'For those who operate the server: what was changed, and the jobs.',
    },
    { name: 'Comments', description: 'Comments as a list, and one by its id.' },
    { name: 'Exports', description: 'Whole lists, the feed and trends as files.' },
    { name: 'Search', description: 'Posts by their words, users by their names.' },
    { name: 'Dashboard', description: 'Statistics of the community, exact as of one snapshot.' },
    {
      name: 'Health',
      description: 'For load balancers and process managers: cheap, and open to anyone.',
    },
    { name: 'Keys', description: 'Who may ask, and for what.' },
    { name: 'Posts', description: 'Posts as a list, and one by its id.' },
    { name: 'Sessions', description: 'Sessions as a list, and one by its id.' },
    { name: 'Users', description: 'Users as a list, and one by their id.' },
  ],
}

const text = (example: string) => ({ type: 'string' as const, examples: [example] })

/** Response headers; where a response names one that is required, it is always sent. */
const headers = {
  'X-Request-Id': {
    description: 'The id of the request: the one that was sent, or a new one.',
    required: true,
    schema: text('7d2a6b0c-6c1f-4b54-9f0e-0c3a3c1d2e4f'),
  },
  'Server-Timing': {
    description:
      'Where the time went, in ms: `total`, and where they happened `pool` (waiting for a connection), `db`, `cache` (https://www.w3.org/TR/server-timing/).',
    required: true,
    schema: text('total;dur=1.95, pool;dur=0.021, db;dur=1.394, cache;desc=miss'),
  },
  'Cache-Control': {
    description: 'Answers may be kept and must be revalidated; failures are not kept.',
    required: true,
    schema: text('private, no-cache'),
  },
  ETag: {
    description: 'Weak, and the same while nothing but `asOf` changes.',
    required: true,
    schema: text('W/"1cvo0a5p8y9"'),
  },
  Link: {
    description: 'The pages `first`, `next` and `prev` as relative references (RFC 8288).',
    required: true,
    schema: text('</api/v1/activity?page=1>; rel="first"'),
  },
  Location: {
    description: 'The path of what was made.',
    required: true,
    schema: text('/api/v1/posts/42'),
  },
  'Idempotency-Replayed': {
    description: 'Sent where the answer is the stored one of an earlier call with the same key.',
    schema: text('true'),
  },
  'Retry-After': {
    description: 'Seconds after which another try may succeed.',
    required: true,
    schema: { type: 'integer' as const, minimum: 1, examples: [1] },
  },
  'RateLimit-Policy': {
    description:
      'The limit that the request was counted by, where there is one: `q` requests in `w` seconds for each `key`, or each `address` without one (draft-ietf-httpapi-ratelimit-headers-10).',
    schema: text('"key";q=6000;w=60'),
  },
  RateLimit: {
    description: 'What is left of it: `r` requests until a new window begins in `t` seconds.',
    schema: text('"key";r=5999;t=60'),
  },
  'WWW-Authenticate': {
    description:
      'What a caller has to show (RFC 6750): a key, another one (`invalid_token`), or one with the `scope` named.',
    required: true,
    schema: text('Bearer error="invalid_token"'),
  },
  'Content-Disposition': {
    description: 'The name of the file.',
    required: true,
    schema: text('attachment; filename="posts-12.csv.gz"'),
  },
  'Accept-Ranges': {
    description: 'Parts of it can be asked for by `Range`.',
    required: true,
    schema: text('bytes'),
  },
  'Content-Range': {
    description: 'Which bytes of how many; of a range that is not there, how many there are.',
    required: true,
    schema: text('bytes 0-1023/146515'),
  },
  Vary: {
    description: 'The request headers the answer depends on, where it does.',
    schema: text('Accept-Encoding'),
  },
}
export type HeaderName = keyof typeof headers

/** Without examples: the reference page would send them. */
const parameters = {
  'If-None-Match': {
    name: 'If-None-Match',
    in: 'header' as const,
    description: 'The `ETag` of the answer the client has: 304 while it is still right.',
    schema: { type: 'string' as const },
  },
  Range: {
    name: 'Range',
    in: 'header' as const,
    description: 'One part of the file: `bytes=0-1023`, `bytes=1024-`, or its end, `bytes=-1024`.',
    schema: { type: 'string' as const },
  },
  'If-Range': {
    name: 'If-Range',
    in: 'header' as const,
    description: 'The `ETag` of the file that the part is of: all of another one is sent.',
    schema: { type: 'string' as const },
  },
  'If-Match': {
    name: 'If-Match',
    in: 'header' as const,
    description: 'The `ETag` of the row as the client knows it: 412 where it has changed since.',
    schema: { type: 'string' as const },
  },
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header' as const,
    description:
      'Names this call: another with the same key within 24 hours gets the stored answer of the first, and changes nothing.',
    schema: { type: 'string' as const, pattern: '^[!-~]([ -~]{0,253}[!-~])?$' },
  },
  'X-Request-Id': {
    name: 'X-Request-Id',
    in: 'header' as const,
    description: 'An id for the request, by which the log knows it; another one is replaced.',
    schema: { type: 'string' as const, pattern: '^[\\w.:/+=-]{1,128}$' },
  },
}
export type RequestHeader = keyof typeof parameters

/** The headers of a response: these, and those that every response carries. */
export const headersOf = (...names: readonly HeaderName[]) =>
  Object.fromEntries(
    (['X-Request-Id', 'Server-Timing', ...names] as const).map((name) => [
      name,
      { $ref: `#/components/headers/${name}` },
    ]),
  )

/** The headers a route reads, as its `parameters`. */
export const requestHeaders = (...names: readonly RequestHeader[]) =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }))

/** Who calls, as `requires` names it. */
const key = {
  type: 'http' as const,
  scheme: 'bearer',
  bearerFormat: 'sb_…',
  description:
    'A key, made by `shopboard keys create` or `POST /api/v1/admin/keys`; or a JSON Web Token where the server trusts an issuer (`JWKS_URL`).',
}

/** Adds to the document of `app` what the routes refer to. */
export function registerComponents({ openAPIRegistry }: OpenAPIHono<AppEnv>): void {
  openAPIRegistry.registerComponent('securitySchemes', 'key', key)
  for (const [name, header] of Object.entries(headers))
    openAPIRegistry.registerComponent('headers', name, header)
  for (const [name, parameter] of Object.entries(parameters))
    openAPIRegistry.registerComponent('parameters', name, parameter)
}
