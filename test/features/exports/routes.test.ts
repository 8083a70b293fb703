import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Scope } from '../../../src/auth/caller.ts'
import { exportJob } from '../../../src/features/exports/job.ts'
import type { Export } from '../../../src/features/exports/schemas.ts'
import { reports } from '../../../src/reports.ts'
import { exportDirectory } from '../../../src/server/export-files.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertComment, insertPost, insertUser } from '../../support/factories.ts'
import { work } from '../../support/jobs.ts'
import { openTestPool } from '../../support/pool.ts'

let app: TestApp
let directory: string
const files = () => exportDirectory(directory)
const kind = () => exportJob({ reports, files: files(), retention: 24 })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'exports test '))
  app = await createTestApp({
    services: {
      exportFiles: files(),
      callerOf: (c) => ({
        actor: c.req.header('x-as') ?? 'key:1',
        scopes: [c.req.header('x-scope') === 'admin' ? 'admin' : 'read'] satisfies Scope[],
      }),
    },
  })
})
afterAll(async () => {
  await app.close()
  await rm(directory, { recursive: true, force: true })
})
beforeEach(async () => {
  await app.sql`truncate users, posts, comments, sessions restart identity cascade`
  await app.sql`delete from shopboard.jobs`
})

const asked = (body: object, headers: Record<string, string> = {}) =>
  app.request('/api/v1/exports', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const shown = async (id: number, headers: Record<string, string> = {}) =>
  app.request(`/api/v1/exports/${id}`, { headers })
const file = (id: number, headers: Record<string, string> = {}) =>
  app.request(`/api/v1/exports/${id}/file`, { headers })

/** Of an export that was asked for. */
async function idOf(body: object): Promise<number> {
  const response = await asked(body)
  expect(response.status).toBe(202)
  return (await response.json()).id
}

/** Lets a server work on exports until the test is over. */
function serving() {
  const pool = openTestPool(app.url, { size: 3 })
  const working = work(pool, [kind()])
  onTestFinished(async () => {
    await working.stop()
    await pool.close()
  })
  return working
}

async function written(body: object): Promise<Export> {
  const id = await idOf(body)
  serving()
  await expect.poll(async () => (await (await shown(id)).json()).state).toBe('done')
  return (await shown(id)).json()
}

/** The lines of its file. */
async function linesOf({ id, isCompressed }: Export): Promise<string[]> {
  const bytes = Buffer.from(await (await file(id)).arrayBuffer())
  return (isCompressed ? gunzipSync(bytes) : bytes).toString().split('\n').slice(0, -1)
}

describe('an export', () => {
  it('waits, is written, and is fetched', async () => {
    await insertUser(app.sql, { username: 'Ann', created_at: '2020-01-01' })
    await insertUser(app.sql, { username: 'Ben', created_at: '2021-01-01' })
    const response = await asked({ resource: 'users', filters: { createdAfter: '2020-06-01' } })
    const waiting = await response.json()
    expect([response.status, response.headers.get('location')]).toEqual([
      202,
      `/api/v1/exports/${waiting.id}`,
    ])
    expect(waiting).toMatchObject({ state: 'waiting', progress: { done: 0, total: null } })
    expect((await file(waiting.id)).status).toBe(404)
    serving()
    await expect.poll(async () => (await (await shown(waiting.id)).json()).state).toBe('done')
    const done: Export = await (await shown(waiting.id)).json()
    expect(done).toMatchObject({ progress: { done: 1, total: 1 }, error: null })
    const lines = await linesOf(done)
    expect(lines[0]).toMatch(/^id,username,isActive,isAdmin,/)
    expect(lines.slice(1)).toEqual([expect.stringMatching(/^2,Ben,true,false,/)])
    const { headers } = await file(done.id)
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="users-${done.id}.csv.gz"`,
    )
    expect([headers.get('content-type'), headers.get('content-length')]).toEqual([
      'application/gzip',
      String(done.size),
    ])
  })

  it.each([
    ['posts', { sort: 'commentsCount' }],
    ['posts', {}],
    ['comments', { order: 'asc' }],
    ['activity', { kind: 'post,comment' }],
  ])('has every row of the list in its order, across batches: %s %j', async (resource, filters) => {
    await insertUser(app.sql)
    await app.sql`insert into posts (author_id, title, created_at) select 1, 'Post ' || n, timestamptz '2020-01-01' + n % 7 * interval '1 day' from generate_series(1, 1300) n`
    await app.sql`insert into comments (post_id, author_id, body) select n % 9 + 1, 1, 'text' from generate_series(1, 1100) n`
    const done = await written({ resource, format: 'ndjson', filters })
    const items = (await linesOf(done)).map((line) => JSON.parse(line))
    const listed: unknown[] = []
    const query = new URLSearchParams({ ...filters, pageSize: '100' })
    for (let cursor: string | null = ''; cursor !== null; ) {
      if (cursor) query.set('cursor', cursor)
      const page = await (await app.request(`/api/v1/${resource}?${query}`)).json()
      listed.push(...page.items)
      cursor = page.metadata.nextCursor
    }
    expect(items).toEqual(listed)
    expect(done.progress).toEqual({ done: listed.length, total: listed.length })
  })

  it('of trends has a row for each bucket', async () => {
    await insertPost(app.sql, { created_at: '2020-01-02' })
    const filters = { from: '2020-01-01', to: '2020-01-04', metric: ['posts'] }
    const done = await written({ resource: 'trends', isCompressed: false, filters })
    expect(await linesOf(done)).toEqual([
      'start,posts,comments,signups,sessions',
      '2020-01-01T00:00:00.000000Z,0,,,',
      '2020-01-02T00:00:00.000000Z,1,,,',
      '2020-01-03T00:00:00.000000Z,0,,,',
    ])
  })

  it('has no formula for a spreadsheet, and no e-mail address', async () => {
    await insertUser(app.sql, { username: '=1+1', email: 'ann@example.com' })
    await insertPost(app.sql, { title: '@sum', body: '\t"a"', author_id: 1 })
    const users = await linesOf(await written({ resource: 'users', isCompressed: false }))
    expect(users[1]).toMatch(/^1,'=1\+1,/)
    expect(users.join()).not.toContain('example.com')
    const [, post] = await linesOf(await written({ resource: 'posts', isCompressed: false }))
    expect(post).toContain(`'@sum,"'\t""a"""`)
    expect(post).toContain(`,1,'=1+1,`)
  })

  it('is of one snapshot, however long it takes', async () => {
    await app.sql`insert into users (username) select 'u' || n from generate_series(1, 2500) n`
    const id = await idOf({ resource: 'users', format: 'ndjson', isCompressed: false })
    const writing = files()
    const slow = exportJob({
      reports,
      retention: 24,
      files: {
        ...writing,
        write: (name, texts, options) => {
          async function* watched() {
            for await (const text of texts) {
              await insertUser(app.sql, { username: 'later' })
              yield text
            }
          }
          return writing.write(name, watched(), options)
        },
      },
    })
    const pool = openTestPool(app.url, { size: 3 })
    const working = work(pool, [slow])
    await expect.poll(async () => (await (await shown(id)).json()).state).toBe('done')
    await working.stop()
    await pool.close()
    const names = (await linesOf(await (await shown(id)).json())).join()
    expect(names.match(/"username":"u/g)).toHaveLength(2500)
    expect(names).not.toContain('later')
  })
})

describe('an export whose end is committed, which nobody could tell', () => {
  it('keeps its file', async () => {
    const id = await idOf({ resource: 'users' })
    const pool = openTestPool(app.url, { size: 3 })
    const unheard: typeof pool = {
      ...pool,
      async transaction(options, body) {
        const result = await pool.transaction(options, body)
        if (options?.access === 'read write') throw new Error('The connection is gone')
        return result
      },
    }
    const working = work(pool, [kind()], { workPool: unheard })
    await expect.poll(() => working.events).toMatchObject([{ outcome: 'failed' }])
    await working.stop()
    await pool.close()
    expect((await (await shown(id)).json()).state).toBe('done')
    expect((await file(id)).status).toBe(200)
  })
})

describe('POST /api/v1/exports', () => {
  it.each([
    [{ resource: 'votes' }, ['resource']],
    [{ resource: 'users', format: 'xml', more: 1 }, ['format', 'more']],
    [
      { resource: 'users', filters: { page: 2, colour: 'red', isActive: 'maybe' } },
      ['filters.page', 'filters.isActive', 'filters.colour'],
    ],
    [{ resource: 'comments', filters: { postId: 1, authorId: 2 } }, ['filters.postId']],
    [
      { resource: 'trends', filters: { interval: 'hour', from: '2000-01-01' } },
      ['filters.interval'],
    ],
  ])('refuses %j, with every fault', async (body, paths) => {
    const response = await asked(body)
    expect(response.status).toBe(400)
    const { errors } = await response.json()
    expect(new Set(errors.map(({ path }: { path: string }) => path))).toEqual(new Set(paths))
    expect(await app.sql`select from shopboard.jobs`).toEqual([])
  })

  it('lets three of a caller wait or run, however many are asked for at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => asked({ resource: 'users' })),
    )
    expect(answers.map(({ status }) => status).filter((status) => status === 202)).toHaveLength(3)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(9)
    for (const each of refused) expect((await each.json()).code).toBe('rate_limited')
    expect((await asked({ resource: 'users' }, { 'x-as': 'key:2' })).status).toBe(202)
  })

  it('is not there where there is no disk', async () => {
    const worker = await createTestApp({ url: app.url })
    const response = await worker.request('/api/v1/exports', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"resource":"users"}',
    })
    await worker.close()
    expect([response.status, (await response.json()).detail]).toEqual([
      404,
      'Exports take a disk, which a Worker has not.',
    ])
  })
})

describe('the exports of others', () => {
  it('do not exist, but for an admin', async () => {
    const done = await written({ resource: 'users' })
    const other = { 'x-as': 'key:2' }
    const statuses = async (headers: Record<string, string>) => [
      (await shown(done.id, headers)).status,
      (await file(done.id, headers)).status,
      (await (await app.request('/api/v1/exports', { headers })).json()).items.length,
    ]
    expect(await statuses(other)).toEqual([404, 404, 0])
    const remove = { method: 'DELETE', headers: other }
    expect((await app.request(`/api/v1/exports/${done.id}`, remove)).status).toBe(404)
    expect(await statuses({ ...other, 'x-scope': 'admin' })).toEqual([200, 200, 0])
    expect(await statuses({})).toEqual([200, 200, 1])
  })
})

describe('the file of an export', () => {
  let done: Export
  let whole: Buffer
  beforeEach(async () => {
    await app.sql`insert into users (username) select 'u' || n from generate_series(1, 2000) n`
    done = await written({ resource: 'users', isCompressed: false })
    whole = Buffer.from(await (await file(done.id)).arrayBuffer())
  })
  const part = async (range: string, headers = {}) => {
    const response = await file(done.id, { Range: range, ...headers })
    const bytes = Buffer.from(await response.arrayBuffer())
    return { response, bytes, of: response.headers.get('content-range') }
  }

  it('is sent in parts', async () => {
    const size = whole.length
    expect(size).toBe(done.size)
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 0],
      ['bytes=0-99', 0, 99],
      [`bytes=70000-99999`, 70_000, 99_999],
      [`bytes=100-`, 100, size - 1],
      [`bytes=-100`, size - 100, size - 1],
      [`bytes=-${size * 2}`, 0, size - 1],
      [`bytes=100-${size * 2}`, 100, size - 1],
    ] as const) {
      const { response, bytes, of } = await part(range)
      expect([range, response.status, of]).toEqual([range, 206, `bytes ${start}-${end}/${size}`])
      expect(bytes.equals(whole.subarray(start, end + 1))).toBe(true)
    }
  })

  it('is sent whole for what is no range of one part', async () => {
    for (const range of ['bytes=5-1', 'bytes=-', 'lines=1-2', 'bytes=0-1,4-5', 'bytes=a-b', '']) {
      const { response, bytes } = await part(range)
      expect([range, response.status, bytes.length]).toEqual([range, 200, whole.length])
    }
  })

  it('has no range behind its end', async () => {
    for (const range of ['bytes=99999999-', 'bytes=-0']) {
      const { response, bytes, of } = await part(range)
      expect([response.status, of]).toEqual([416, `bytes */${whole.length}`])
      expect(JSON.parse(String(bytes)).code).toBe('range_not_satisfiable')
    }
  })

  it('goes on only where it is the same, and is not sent again', async () => {
    const etag = (await file(done.id)).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"export-/)
    expect((await part('bytes=0-9', { 'If-Range': etag })).response.status).toBe(206)
    expect((await part('bytes=0-9', { 'If-Range': '"other"' })).response.status).toBe(200)
    expect((await part('bytes=0-9', { 'If-None-Match': etag })).response.status).toBe(304)
  })

  it('tells its size to HEAD', async () => {
    const { status, headers, body } = await app.request(`/api/v1/exports/${done.id}/file`, {
      method: 'HEAD',
    })
    expect([status, headers.get('content-length'), body]).toEqual([200, String(whole.length), null])
  })

  it('is gone once it expired, or its server is another', async () => {
    await app.sql`update shopboard.exports set expires_at = now() - interval '1 second' where id = ${done.id}`
    expect((await (await shown(done.id)).json()).state).toBe('expired')
    const expired = await file(done.id)
    expect([expired.status, (await expired.json()).detail]).toEqual([
      404,
      'The file has expired: export it anew.',
    ])
    await app.sql`update shopboard.exports set expires_at = now() + interval '1 hour', file = 'export-elsewhere.csv' where id = ${done.id}`
    expect((await (await file(done.id)).json()).detail).toMatch(/^The server that answers has not/)
  })

  it('goes with the export', async () => {
    const before = await readdir(directory)
    const remove = () => app.request(`/api/v1/exports/${done.id}`, { method: 'DELETE' })
    expect((await remove()).status).toBe(204)
    expect(await readdir(directory)).toHaveLength(before.length - 1)
    expect((await shown(done.id)).status).toBe(404)
    expect((await remove()).status).toBe(404)
  })
})

describe('an export under way', () => {
  /** Holds the first text of every file until it is let go. */
  const heldFiles = () => {
    const writing = files()
    const begun = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    const write: typeof writing.write = (name, texts, options) => {
      async function* held() {
        for await (const text of texts) {
          yield text
          begun.resolve()
          await Promise.race([letGo.promise, once(options.signal, 'abort')])
        }
      }
      return writing.write(name, held(), options)
    }
    return { files: { ...writing, write }, begun: begun.promise, letGo: letGo.resolve }
  }

  async function underWay() {
    await insertComment(app.sql)
    const held = heldFiles()
    const id = await idOf({ resource: 'comments', isCompressed: false })
    const pool = openTestPool(app.url, { size: 3 })
    const working = work(pool, [exportJob({ reports, files: held.files, retention: 24 })])
    onTestFinished(async () => {
      held.letGo()
      await working.stop()
      await pool.close()
    })
    await held.begun
    const partials = async () =>
      (await readdir(directory)).filter((name) => name.endsWith('.partial')).length
    await expect.poll(partials).toBe(1)
    return { id, held, working, before: await readdir(directory) }
  }

  it('leaves no file when it is deleted', async () => {
    const { id, held, working, before } = await underWay()
    await app.request(`/api/v1/exports/${id}`, { method: 'DELETE' })
    expect((await shown(id)).status).toBe(404)
    await expect.poll(() => readdir(directory)).toHaveLength(before.length - 1)
    held.letGo()
    await expect.poll(() => working.events.map(({ outcome }) => outcome)).toEqual(['cancelled'])
    expect(await readdir(directory)).toHaveLength(before.length - 1)
  })

  it('begins anew on the next server when its own ends', async () => {
    const { id, held, working, before } = await underWay()
    const stopped = working.stop()
    held.letGo()
    await stopped
    expect(await readdir(directory)).toHaveLength(before.length - 1)
    expect((await (await shown(id)).json()).state).toBe('waiting')
    serving()
    await expect.poll(async () => (await (await shown(id)).json()).state).toBe('done')
    expect(await linesOf(await (await shown(id)).json())).toHaveLength(2)
  })

  it('is not written twice by a run that was taken for lost', async () => {
    const { id, held, working, before } = await underWay()
    await app.sql`update shopboard.exports set file = 'export-of-another-run.csv', finished_at = now() where id = ${id}`
    held.letGo()
    await expect.poll(() => working.events.length).toBe(1)
    expect(await readdir(directory)).toHaveLength(before.length - 1)
  })
})
