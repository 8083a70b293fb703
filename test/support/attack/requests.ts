import fc from 'fast-check'
import type { Documented, Method, Operation } from '../documented.ts'
import { cursorSeen, etagSeen, hostileText, type Schema, someOf } from './values.ts'

export type Target = {
  readonly path: string
  readonly method: Method
  readonly operation: Operation
}
export type Attack = { readonly url: string; readonly init: RequestInit }

/** Requests to one operation: as it wants them, at the edges of what it takes, and beyond. */
export function attacksOn(
  { path, method, operation }: Target,
  document: Documented,
): fc.Arbitrary<Attack> {
  const resolve = resolverOf(document)
  const parameters = (operation.parameters ?? []).map((each) => resolve(each) as Parameter)
  const inPlace = (place: string) => parameters.filter((each) => each.in === place)
  const schema = operation.requestBody?.content['application/json']?.schema
  return fc
    .record({
      ids: fc.record(
        Object.fromEntries(inPlace('path').map((each) => [each.name, pathValue(each)])),
      ),
      query: queryOf(inPlace('query'), resolve),
      headers: headersOf(inPlace('header').map(({ name }) => name)),
      body: method === 'get' ? fc.constant(undefined) : bodyOf(schema, resolve),
    })
    .map(({ ids, query, headers, body }) => {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encode(String(ids[name])))
      const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
      return {
        url: search ? `${filled}?${search}` : filled,
        init: {
          method: method.toUpperCase(),
          headers: { ...body?.headers, ...headers },
          ...(body && { body: body.text }),
        },
      }
    })
}

/** Puts into requests what the answers before had. */
export function memory() {
  let cursor = 'none'
  let etag = '*'
  return {
    fill: ({ url, init }: Attack): Attack => ({
      url: url.replace(cursorSeen, cursor),
      init: { ...init, headers: withTag(init.headers ?? {}, etag) },
    }),
    learn(answer: Response, body: string) {
      etag = answer.headers.get('etag') ?? etag
      cursor = /"(?:next|prev)Cursor":"(.*?)"/.exec(body)?.[1] ?? cursor
    },
  }
}

const withTag = (headers: NonNullable<RequestInit['headers']>, etag: string) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value === etagSeen ? etag : value]),
  )

type Parameter = { readonly name: string; readonly in: string; readonly schema: Schema }

/** Half a surrogate pair cannot be in a URL. */
const encode = (text: string) => encodeURIComponent(text.toWellFormed())

function resolverOf({ components }: Documented) {
  return (schema: Schema): Schema => {
    if (!schema.$ref) return schema
    const [, , kind = '', name = ''] = schema.$ref.split('/')
    const found = Object(components)[kind]?.[name]
    if (!found) throw new Error(`${schema.$ref} is not in the document`)
    return found
  }
}

/** One segment: no other path is meant. */
function pathValue({ schema }: Parameter): fc.Arbitrary<unknown> {
  const isSegment = (value: unknown) => !/^\.{0,2}$/.test(String(value))
  return fc.oneof(
    {
      weight: 9,
      arbitrary: someOf(schema, { resolve: (each) => each, isTame: false }).filter(isSegment),
    },
    hostileText.filter(isSegment),
  )
}

type Pair = readonly [name: string, value: string]

function queryOf(
  parameters: readonly Parameter[],
  resolve: (schema: Schema) => Schema,
): fc.Arbitrary<readonly Pair[]> {
  const known = parameters.map(({ name, schema }) =>
    fc.tuple(fc.constant(name), someOf(schema, { resolve, isTame: false }).map(written)),
  )
  const unknown = fc.tuple(fc.constantFrom('colour', '__proto__', 'page', 'limit'), hostileText)
  const needed = parameters.filter(({ name }) => name === 'q').map(() => ['q', 'film'] as const)
  const rest = fc.oneof(...known.map((arbitrary) => ({ weight: 3, arbitrary })), {
    weight: 1,
    arbitrary: unknown,
  })
  const some = fc.array(rest, { maxLength: 4, size: 'small' })
  // without what every request needs there is nothing to ask for
  if (known.length === 0)
    return fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, fc.tuple(unknown))
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant([...needed]) },
    {
      weight: 6,
      arbitrary: some.map((asked) => [...needed, ...asked].filter(isFirst)),
    },
    some,
  )
}

const isFirst = (
  [name]: readonly [string, string],
  at: number,
  all: readonly (readonly [string, string])[],
) => all.findLastIndex(([other]) => other === name) === at

const written = (value: unknown): string =>
  Array.isArray(value)
    ? value.map(String).join(',')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)

const headerValues: Readonly<Record<string, readonly string[]>> = {
  'If-None-Match': [etagSeen, '*', 'W/"1"', '"', 'W/', ',', '""'],
  'If-Match': [etagSeen, '*', 'W/"1-abc"', 'W/"0-0"', '"', 'W/', ',,,', '"1","2"', '9'.repeat(40)],
  'Idempotency-Key': ['a', 'b', 'c', 'key 1', '', 'é', 'x'.repeat(255), 'x'.repeat(256)],
  'X-Request-Id': ['mine', 'é', '<script>', 'x'.repeat(200)],
}
const commonHeaders = fc.record(
  {
    'Accept-Encoding': fc.constantFrom('br', 'gzip', '*;q=0', 'identity;q=0'),
    Accept: fc.constantFrom('text/html', 'application/xml', '*/*'),
    Origin: fc.constantFrom('null', 'https://a.example'),
    traceparent: fc.constantFrom(
      '00-0-0-0',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    ),
    'Content-Encoding': fc.constantFrom('gzip', 'identity', 'identity', 'identity'),
  },
  { requiredKeys: [] },
)

/** Mostly without any; of those named some, with values good and bad. */
function headersOf(names: readonly string[]): fc.Arbitrary<Record<string, string>> {
  const own = Object.fromEntries(
    names.map((name) => [name, fc.constantFrom(...(headerValues[name] ?? ['a', '']))]),
  )
  const some = fc
    .tuple(fc.record(own, { requiredKeys: [] }), commonHeaders)
    .map(([named, common]) => ({ ...named, ...common }))
  return fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: some })
}

/** No JSON, or none that everybody reads alike. */
const brokenBodies = [
  '',
  '{',
  '[]',
  'null',
  '"a"',
  '{"a":1,"a":2}',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{}}}',
  '{"title":"\\u0000"}',
  '{"username":"\\ud800"}',
  '{"postId":9223372036854775807}',
  '{"postId":1e400}',
  `{"metadata":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`,
  '['.repeat(10_000),
  '{"items":[]}',
  '{"items":{}}',
  ' '.repeat(2 ** 20 + 1),
]

function bodyOf(schema: Schema | undefined, resolve: (schema: Schema) => Schema) {
  const json = { 'Content-Type': 'application/json' }
  const types = fc.constantFrom(
    'text/plain',
    'application/json;charset=latin1',
    'application/x-www-form-urlencoded',
  )
  const broken = fc.constantFrom(...brokenBodies).map((text) => ({ headers: json, text }))
  const foreign = types.map((type) => ({ headers: { 'Content-Type': type }, text: 'a=b' }))
  const none = fc.constant(undefined)
  if (!schema)
    return fc.oneof(
      { weight: 8, arbitrary: none },
      { weight: 1, arbitrary: broken },
      { weight: 1, arbitrary: foreign },
    )
  const written = (isTame: boolean) =>
    someOf(schema, { resolve, isTame }).map((value) => ({
      headers: json,
      text: JSON.stringify(value) ?? '',
    }))
  return fc.oneof(
    { weight: 12, arbitrary: written(true) },
    { weight: 12, arbitrary: written(false) },
    { weight: 2, arbitrary: broken },
    { weight: 1, arbitrary: foreign },
    { weight: 1, arbitrary: none },
  )
}
