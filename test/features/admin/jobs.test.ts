import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { enqueue, jobIn, kindOf } from '../../support/jobs.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app.close())
beforeEach(async () => {
  await app.sql`delete from shopboard.jobs`
  await app.sql`delete from shopboard.audit_log`
})

const path = '/api/v1/admin/jobs'
const get = async (url: string) => {
  const response = await app.request(url)
  return { status: response.status, body: await response.json() }
}
const post = async (url: string, body?: unknown) => {
  const response = await app.request(url, {
    method: 'POST',
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    }),
  })
  const { status, headers } = response
  return { status, headers, body: await response.json() }
}
const audited = () =>
  app.sql`select action, row_id::int as id, old, new, actor from shopboard.audit_log order by id`
const set = (id: number | undefined, state: string) =>
  app.sql`update shopboard.jobs set state = ${state}, attempts = 5 where id = ${id ?? 0}`

describe('POST /api/v1/admin/jobs', () => {
  it('starts a job, says where it is, and leaves an audit row', async () => {
    const { status, headers, body } = await post(path, { kind: 'rebuild' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`${path}/${body.id}`)
    expect(body).toMatchObject({ kind: 'rebuild', state: 'waiting', createdBy: 'anyone', runs: [] })
    expect((await get(`${path}/${body.id}`)).body).toEqual(body)
    expect(await audited()).toEqual([
      {
        action: 'create',
        id: body.id,
        old: null,
        new: { kind: 'rebuild', params: {} },
        actor: 'anyone',
      },
    ])
  })

  it('starts one of many that are started at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(path, { kind: 'rebuild' })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...Array(7).fill(409)])
    expect(await audited()).toHaveLength(1)
  })

  it.each([
    ['a kind that there is not', { kind: 'nothing' }, ['kind']],
    ['a kind that a route of its own starts', { kind: 'erase_user' }, ['kind']],
    ['params that the kind does not take', { kind: 'rebuild', params: { of: 1 } }, ['params']],
    ['an unknown field', { kind: 'rebuild', when: 'now' }, ['when']],
    ['a NUL', { kind: 'rebuild', params: { '\u0000': 1 } }, undefined],
    ['no kind', {}, ['kind']],
  ])('refuses %s, and starts nothing', async (_, body, paths) => {
    const { status, body: problem } = await post(path, body)
    expect([status, problem.code]).toEqual([400, 'validation_failed'])
    if (paths) expect(problem.errors.map((each: { path: string }) => each.path)).toEqual(paths)
    expect(await app.sql`select from shopboard.jobs`).toEqual([])
  })
})

describe('GET /api/v1/admin/jobs', () => {
  it('goes through the jobs of a kind and state, newest first, forth and back', async () => {
    const kind = kindOf('listed')
    for (let i = 0; i < 5; i++) await enqueue(app.pool, kind, { i })
    await enqueue(app.pool, kindOf('another'))
    const seen: unknown[] = []
    const first = (await get(`${path}?kind=listed&state=waiting&pageSize=2`)).body
    let page = first
    for (;;) {
      seen.push(...page.items.map(({ params }: { params: { i: number } }) => params.i))
      if (!page.metadata.nextCursor) break
      page = (
        await get(`${path}?kind=listed&state=waiting&pageSize=2&cursor=${page.metadata.nextCursor}`)
      ).body
    }
    expect(seen).toEqual([4, 3, 2, 1, 0])
    expect(first.metadata.total).toBe(5)
    const back = await get(
      `${path}?kind=listed&state=waiting&pageSize=2&cursor=${page.metadata.prevCursor}`,
    )
    expect(back.body.items).toHaveLength(2)
    expect((await get(`${path}?state=dead`)).body).toMatchObject({ items: [] })
    expect((await get(`${path}?kind=listed&page=2&pageSize=4`)).body.items).toHaveLength(1)
  })

  it('refuses a state that there is not', async () => {
    expect((await get(`${path}?state=tired`)).status).toBe(400)
  })
})

describe('GET /api/v1/admin/jobs/:id', () => {
  it('shows what its runs did', async () => {
    const id = await enqueue(app.pool, kindOf('shown'), { of: 'a "test"' })
    await app.sql`insert into shopboard.job_runs (job_id, worker, ended_at, outcome, error)
      select ${id ?? 0}, 'one', now(), 'failed', 'number ' || i from generate_series(1, 25) as i`
    const { body } = await get(`${path}/${id}`)
    expect(body).toMatchObject({ id, params: { of: 'a "test"' }, error: null })
    expect(body.runs).toHaveLength(20)
    expect(body.runs[0]).toMatchObject({ outcome: 'failed', error: 'number 25', rows: null })
  })

  it('is 404 where there is none', async () => {
    expect((await get(`${path}/12345`)).status).toBe(404)
  })
})

describe('POST /api/v1/admin/jobs/:id/cancel', () => {
  it('ends a job that waits at once, and leaves an audit row', async () => {
    const id = await enqueue(app.pool, kindOf('waits'))
    const { status, body } = await post(`${path}/${id}/cancel`)
    expect([status, body.state, body.endedAt]).toEqual([200, 'cancelled', expect.any(String)])
    expect(await audited()).toMatchObject([
      { action: 'update', id, old: { state: 'waiting' }, new: { state: 'cancelled' } },
    ])
  })

  it('asks a job that runs to end', async () => {
    const id = await enqueue(app.pool, kindOf('runs'))
    await set(id, 'running')
    const { status, body } = await post(`${path}/${id}/cancel`)
    expect([status, body.state, body.isCancelling]).toEqual([200, 'running', true])
  })

  it.each(['done', 'dead', 'cancelled'])('is a conflict where it is %s', async (state) => {
    const id = await enqueue(app.pool, kindOf('ended'))
    await set(id, state)
    const { status, body } = await post(`${path}/${id}/cancel`)
    expect([status, body.code]).toEqual([409, 'conflict'])
    expect([await audited(), (await jobIn(app.sql, id)).state]).toEqual([[], state])
  })

  it('is 404 where there is none', async () => {
    expect((await post(`${path}/12345/cancel`)).status).toBe(404)
  })
})

describe('POST /api/v1/admin/jobs/:id/retry', () => {
  it.each(['dead', 'cancelled'])('has a %s job wait again as if it were new', async (state) => {
    const id = await enqueue(app.pool, kindOf('again'))
    await set(id, state)
    const { status, body } = await post(`${path}/${id}/retry`)
    expect([status, body.state, body.attempts, body.endedAt]).toEqual([200, 'waiting', 0, null])
  })

  it('has a job that waits for its next try wait no longer', async () => {
    const id = await enqueue(app.pool, kindOf('later'))
    await app.sql`update shopboard.jobs set run_at = now() + interval '1 hour', attempts = 3`
    const { body } = await post(`${path}/${id}/retry`)
    expect([body.state, body.attempts]).toEqual(['waiting', 3])
    expect(await app.sql`select from shopboard.jobs where run_at > clock_timestamp()`).toEqual([])
  })

  it.each(['done', 'running'])('is a conflict where it is %s', async (state) => {
    const id = await enqueue(app.pool, kindOf('no'))
    await set(id, state)
    expect((await post(`${path}/${id}/retry`)).status).toBe(409)
  })

  it('is a conflict while another of a single kind waits', async () => {
    const kind = kindOf('single', undefined, { isSingle: true })
    const id = await enqueue(app.pool, kind)
    await set(id, 'dead')
    await enqueue(app.pool, kind)
    expect((await post(`${path}/${id}/retry`)).status).toBe(409)
  })
})
