import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../../../src/db/statement.ts'
import { auditPages } from '../../../src/features/admin/audit/queries.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { unasked } from '../../support/lists.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
  // thirty months, 20 rows a day at three instants
  await app.sql`
    insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
    select '2024-01-01T00:00:00Z'::timestamptz + (i / 20) * interval '1 day' + (i % 3) * interval '1 second',
      'key:' || i % 7, (array['create', 'update', 'delete'])[1 + i % 3], (array['users', 'posts'])[1 + i % 2], i % 50,
      null, jsonb_build_object('i', i), 'request-' || i, '192.0.2.7'
    from generate_series(0, 17999) as i`
  for (let left = true; left; ) {
    const [step] = await app.sql`select shopboard.tend_audit(36500) as step`
    left = step?.step !== null
  }
  await app.sql`analyze shopboard.audit_log`
})
afterAll(() => app.close())

const get = async (query: string) => {
  const response = await app.request(`/api/v1/admin/audit?${query}`)
  return { status: response.status, body: await response.json() }
}
type Entry = { id: number; at: string; new: { i: number } }
async function all(query: string): Promise<Entry[]> {
  const found: Entry[] = []
  for (let cursor = ''; ; ) {
    const { status, body } = await get(`${query}&pageSize=100${cursor && `&cursor=${cursor}`}`)
    expect(status).toBe(200)
    found.push(...body.items)
    if (!body.metadata.nextCursor) return found
    cursor = body.metadata.nextCursor
  }
}

describe('GET /api/v1/admin/audit', () => {
  it.each([
    ['table=users&rowId=4', "table_name = 'users' and row_id = 4"],
    [
      'actor=key:3&from=2025-03-01&to=2025-05-01',
      "actor = 'key:3' and at >= '2025-03-01Z' and at < '2025-05-01Z'",
    ],
    [
      'action=delete&table=posts&from=2026-05-01',
      "action = 'delete' and table_name = 'posts' and at >= '2026-05-01Z'",
    ],
    ['requestId=request-17', "request_id = 'request-17'"],
    ['from=2024-02-28&to=2024-03-02', "at >= '2024-02-28Z' and at < '2024-03-02Z'"],
    [
      'actor=key:3&action=create&table=users&rowId=10',
      "actor = 'key:3' and action = 'create' and table_name = 'users' and row_id = 10",
    ],
    ['actor=nobody', 'false'],
  ])('gives what %s asks for, newest first, each once', async (query, condition) => {
    const expected = await app.sql.unsafe(
      `select id::int as id from shopboard.audit_log where ${condition} order by at desc, id desc`,
    )
    expect((await all(query)).map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
  })

  it.each([
    ['next', '2025-03-15T00:00:00Z', '2025-03-20T00:00:00Z', 'infinity'],
    ['top', '', '2026-02-10T00:00:00Z', '2026-02-11T00:00:00Z'],
  ] as const)(
    'reads no month that its bounds or its position leave out: %s',
    async (way, key, from, to) => {
      const { text, bind } = compile(
        auditPages({ sort: 'createdAt', order: 'desc', filters: [], way }),
      )
      const values = { ...unasked, size: 20, key, id: '1', from, to }
      const plan = await app.sql.begin(async (sql) => {
        await sql.unsafe(
          'set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off',
        )
        await sql.unsafe(`prepare page as ${text}`)
        const given = bind(values).map((value) => (value === null ? 'null' : `'${value}'`))
        const rows = await sql.unsafe(
          `explain (analyze, timing off) execute page(${given.join(', ')})`,
        )
        await sql.unsafe('deallocate page')
        return JSON.stringify(rows)
      })
      expect(plan).toContain('Subplans Removed')
      expect(plan).not.toMatch(/audit_log_2024|Seq Scan/)
    },
  )

  it('goes back the way it came', async () => {
    const first = (await get('actor=key:1&pageSize=10')).body
    const second = (await get(`actor=key:1&pageSize=10&cursor=${first.metadata.nextCursor}`)).body
    const back = (await get(`actor=key:1&pageSize=10&cursor=${second.metadata.prevCursor}`)).body
    expect(back.items).toEqual(first.items)
    expect(first.metadata).toMatchObject({ total: null, hasPrev: false })
  })

  it('shows who changed what, from where', async () => {
    expect((await get('requestId=request-17')).body.items).toMatchObject([
      {
        at: expect.stringMatching(/^2024-01-01T00:00:02\.000000Z$/),
        actor: 'key:3',
        action: 'delete',
        table: 'posts',
        rowId: 17,
        old: null,
        new: { i: 17 },
        requestId: 'request-17',
        address: '192.0.2.7',
      },
    ])
  })

  it('cuts long texts, and leaves the others whole', async () => {
    await app.sql`insert into shopboard.audit_log (actor, action, table_name, new)
      values ('long', 'create', 'posts', ${app.sql.json({ title: 'a\nb', body: '☃'.repeat(20_000), tags: ['x'] })})`
    const [entry] = (await get('actor=long')).body.items
    expect(entry.new).toEqual({ title: 'a\nb', body: `${'☃'.repeat(1000)}…`, tags: ['x'] })
  })

  it.each([
    ['rowId=4', ['rowId']],
    ['from=2025-01-02&to=2025-01-01', ['from']],
    ['actor=', ['actor']],
    ['who=me', ['who']],
    ['page=1000', ['page']],
  ])('refuses %s', async (query, paths) => {
    const { status, body } = await get(query)
    expect([status, body.errors.map(({ path }: { path: string }) => path)]).toEqual([400, paths])
  })
})
