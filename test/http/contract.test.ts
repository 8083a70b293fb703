import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { demo } from '../../src/commands/demo/demo.ts'
import {
  databaseUnavailable,
  forbidden,
  misdirectedRequest,
  overloaded,
  poolExhausted,
  rangeNotSatisfiable,
  rateLimited,
  unauthenticated,
} from '../../src/errors/error.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import {
  checkerOf,
  type Documented,
  examplesOf,
  headersOf,
  operationsOf,
} from '../support/documented.ts'
import { insertAdminExamples } from '../support/jobs.ts'
import { openApiText, redoclyFaults, spectralFaults } from '../support/openapi.ts'

const text = await openApiText()
const document: Documented = JSON.parse(text)
const { answers, failures } = examplesOf(document)
const faultsOf = checkerOf(text)
const reads = operationsOf(document).filter(({ method }) => method === 'get')

describe('the OpenAPI document', () => {
  it('has the version of the package', () => {
    expect(document.info.version).toBe(manifest.version)
  })

  it.each([
    ['Redocly', redoclyFaults],
    ['Spectral', spectralFaults],
  ])('has nothing that %s would mend', async (_, faults) => {
    expect(await faults(text)).toEqual([])
  })

  it('names its operations', () => {
    const names = reads.map(({ path, operation }) => [path, operation.operationId])
    expect(Object.fromEntries(names)).toMatchObject({
      '/livez': 'getLiveness',
      '/readyz': 'getReadiness',
      '/api/v1/activity': 'listActivity',
      '/api/v1/posts': 'listPosts',
      '/api/v1/posts/{id}': 'getPost',
      '/api/v1/dashboard/stats': 'getDashboardStats',
      '/api/v1/dashboard/active-users': 'listActiveUsers',
      '/api/v1/dashboard/trends': 'listTrends',
      '/api/v1/search': 'search',
      '/api/v1/dashboard/retention': 'listRetention',
      '/api/v1/dashboard/leaders': 'listLeaders',
    })
  })

  it('has no example of what may be left out: the reference page would send it', () => {
    const { paths, components } = JSON.parse(text)
    const named = JSON.stringify([paths, components.parameters], (key, value) =>
      ['responses', 'requestBody'].includes(key) ? undefined : value,
    )
    expect(named).toContain('"parameters"')
    expect(named).not.toMatch(/"examples?":/)
  })

  it('describes every operation', () => {
    for (const { operation } of operationsOf(document)) expect(operation.description).toMatch(/\.$/)
  })

  it('names no fault of the database where none is asked', () => {
    expect(Object.keys(document.paths['/livez']?.get?.responses ?? {})).toEqual(['200', '400'])
    const codes = failures.filter(({ path }) => path === '/readyz').map(({ code }) => code)
    expect(codes).toEqual(['validation_failed', 'database_unavailable'])
  })

  it('would say if an answer had more than it names', () => {
    const [{ path, value } = { path: '', value: {} }] = answers
    expect(faultsOf(path, 200, { ...Object(value), more: 1 })).toHaveLength(1)
  })
})

describe('an example of an answer', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
    const until = new Date('2026-11-21')
    await demo({ databaseUrl: app.url, users: 300, seed: 1, until })
    await insertAdminExamples(app.sql)
    await app.sql`
      insert into shopboard.jobs (id, kind, state, created_by, progress_done, progress_total)
      overriding system value values (12, 'export', 'running', 'anyone', 2000, 3000)`
    await app.sql`
      insert into shopboard.exports (id, actor, resource, format, filters, is_compressed, created_at)
      values (12, 'anyone', 'posts', 'csv', '{"createdAfter": "2026-01-01"}', true, '2026-11-21T08:00:00Z')`
  })
  afterAll(() => app.close())

  it('is there for every route that answers with JSON', () => {
    const ofJson = reads.filter(
      ({ operation }) => operation.responses[200]?.content?.['application/json'],
    )
    expect(new Set(answers.map(({ path }) => path))).toEqual(
      new Set(ofJson.map(({ path }) => path)),
    )
  })

  it.each(answers)('is a real one: $request', async ({ path, request, value }) => {
    const response = await app.request(request)
    expect(response.status).toBe(200)
    const body = await response.json()
    expect(faultsOf(path, 200, body)).toEqual([])
    expect(comparable(body)).toEqual(comparable(value))
  })

  it.each(answers)('has the headers of a real one: $request', async ({ path, request }) => {
    const { headers } = await app.request(request)
    const { always } = headersOf(document, path, 200)
    expect(always).toContain('x-request-id')
    for (const name of always) expect(headers.get(name), name).toBeTruthy()
  })

  it.each(answers.filter(({ path }) => document.paths[path]?.get?.responses[304]))(
    'is not sent again: $request',
    async ({ path, request }) => {
      const etag = (await app.request(request)).headers.get('etag') ?? ''
      const { status, headers } = await app.request(request, { headers: { 'If-None-Match': etag } })
      expect(status).toBe(304)
      for (const name of headersOf(document, path, 304).always)
        expect(headers.get(name), name).toBeTruthy()
    },
  )
})

/** What one may ask, for any parameter. */
const odd = fc.constantFrom(
  ...[
    '',
    '0',
    '1',
    '-1',
    '2',
    '100',
    '101',
    '1e3',
    '9007199254740991',
    '9007199254740992',
    '-9007199254740991',
  ],
  ...[
    '0001-01-01',
    '9999-12-31',
    '2026-02-30',
    '2026-11-20',
    '2026-11-21T23:59:60Z',
    '2026-11-21T00:00:00.1234567+14:00',
  ],
  ...[
    'infinity',
    'NaN',
    'null',
    'é',
    '\u0000',
    '%',
    "'",
    'post',
    'post,comment',
    'posts',
    'signups,posts',
    'session',
  ],
  ...[
    'hour',
    'day',
    'week',
    'month',
    'UTC',
    'Europe/Lisbon',
    'america/new_york',
    'Asia/Kathmandu',
    '1d',
    '365d',
    '366d',
  ],
)

describe('whatever is asked', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
    await demo({ databaseUrl: app.url, users: 3 })
  })
  afterAll(() => app.close())

  it.each(reads)('is answered as the document says: $path', async ({ path, operation }) => {
    const names = (operation.parameters ?? []).flatMap(({ name, in: where }) =>
      where === 'query' && name ? [name] : [],
    )
    const asked = fc.dictionary(fc.constantFrom(...names, 'colour'), odd, { maxKeys: 4 })
    await fc.assert(
      fc.asyncProperty(asked, async (query) => {
        const asked = path.replace('{id}', encodeURIComponent(query.id ?? '1'))
        const response = await app.request(`${asked}?${new URLSearchParams(query)}`)
        expect(faultsOf(path, response.status, await response.json())).toEqual([])
      }),
    )
  })
})

/** What a server throws besides the faults of a request. */
const thrown: Readonly<Record<string, () => Error>> = {
  unauthenticated,
  forbidden: () => forbidden('read'),
  misdirected_request: misdirectedRequest,
  internal_error: () => new Error('a defect'),
  database_unavailable: databaseUnavailable,
  pool_exhausted: poolExhausted,
  overloaded,
  rate_limited: () => rateLimited(42),
  range_not_satisfiable: () => rangeNotSatisfiable(146_515),
  serialization_failed: () => Object.assign(new Error(), { code: '40001' }),
  timeout: () => Object.assign(new Error(), { code: '57014' }),
}

describe('an example of a failure', () => {
  let fault: (() => Error) | undefined
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp({
      services: {
        callerOf() {
          if (fault) throw fault()
          return { actor: 'key:1', scopes: ['admin'] }
        },
        isReady: () => fault === undefined,
      },
    })
  })
  afterAll(() => app.close())

  it.each(failures)('is a real one: $code of $path', async ({ path, status, code, value }) => {
    fault = thrown[code]
    const response = await app.request(`${path.replace('{id}', '42')}${queryOf(path, code)}`)
    fault = undefined
    expect(response.status).toBe(status)
    const body = await response.json()
    expect(faultsOf(path, status, body)).toEqual([])
    expect(body).toEqual({ ...Object(value), requestId: expect.any(String) })
    const { always } = headersOf(document, path, status)
    for (const name of always) expect(response.headers.get(name), name).toBeTruthy()
  })
})

function queryOf(path: string, code: string): string {
  const needed = path === '/api/v1/search' ? 'q=film&' : ''
  if (code === 'invalid_cursor') return `?${needed}cursor=altered`
  if (code !== 'validation_failed') return `?${needed}`
  return path.startsWith('/api/') ? `?${needed}colour=red` : '?q=%'
}

/** Without what no two answers share; the numbers of a day go on as it ends, and ranks fall with the age of a post. */
function comparable(body: unknown): unknown {
  const isPassing = (key: string) => /^(asOf|nextCursor|prevCursor|rank)$/.test(key)
  return JSON.parse(JSON.stringify(body), (key, value) => {
    if (isPassing(key)) return typeof value
    // versions of PostgreSQL cut the pieces around them elsewhere
    if (key === 'headline') return value.match(/<mark>.*?<\/mark>/g)
    return ['active', 'new'].includes(key) ? shapeOf(value) : value
  })
}

const shapeOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]))
    : typeof value
