import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { runDemo } from '../../src/commands/demo/command.ts'
import { runMigrate } from '../../src/commands/migrate.ts'
import { onDatabase } from '../../src/commands/on-database.ts'
import { runRebuild } from '../../src/commands/rebuild.ts'
import { runVerify } from '../../src/commands/verify.ts'
import { faultOf } from '../../src/db/access.ts'
import { migrate } from '../../src/db/migrate.ts'
import { startFolding } from '../../src/db/rollup/fold.ts'
import { writeView } from '../../src/db/views.ts'
import { eraseUser } from '../../src/features/users/erasure.ts'
import { recordingTerminal } from '../commands/terminal.ts'
import { createTestApp } from '../support/app.ts'
import { askOf } from '../support/ask.ts'
import { connectTo, type TestSql } from '../support/database.ts'
import { settings } from '../support/jobs.ts'
import { openTestPool } from '../support/pool.ts'

const document = await readFile(new URL('../../docs/operating.md', import.meta.url), 'utf8')
const section = /^## Roles\n(.*?)^## /ms.exec(document)?.[1] ?? ''
const [preparing = [], granting = [], writing = []] = [
  ...section.matchAll(/```sql\n(.*?)```/gs),
].map(([, text = '']) => text.split('\n').filter((line) => line !== ''))

/** The roles of docs/operating.md in a database of their own, made by its very statements. */
describe('the roles of docs/operating.md', () => {
  const tag = randomUUID().slice(0, 8)
  const ours = (line: string) =>
    line
      .replaceAll(/shopboard_(\w+)/g, `shopboard_$1_${tag}`)
      .replace('database shop ', `database shop_${tag} `)
  const urlOf = (role: string, password: string) =>
    Object.assign(new URL(inject('adminUrl')), {
      username: `shopboard_${role}_${tag}`,
      password,
      pathname: `/shop_${tag}`,
    }).toString()
  const owner = urlOf('owner', 'change me 1')
  const server = urlOf('server', 'change me 2')
  const writer = urlOf('writer', 'change me 3')
  let admin: TestSql
  let asOwner: TestSql

  beforeAll(async () => {
    admin = connectTo(inject('adminUrl'))
    for (const line of preparing) await admin.unsafe(ours(line))
    asOwner = connectTo(owner)
  })
  afterAll(async () => {
    await asOwner.end({ timeout: 1 })
    await admin.unsafe(`drop database if exists shop_${tag} with (force)`)
    for (const role of ['owner', 'server', 'writer'])
      await admin.unsafe(`drop role if exists shopboard_${role}_${tag}`)
    await admin.end({ timeout: 1 })
  })

  const run = (command: typeof runVerify, url: string, isMigrating?: boolean) => {
    const terminal = recordingTerminal()
    const options = isMigrating === undefined ? {} : { isMigrating }
    return onDatabase(command, {}, terminal, { DATABASE_URL: url }, options).then((code) => ({
      code,
      ...terminal.written,
    }))
  }

  it('migrate as the owner, who alone can, and is told so', async () => {
    await expect(migrate(server)).rejects.toThrow(
      /^permission denied .*: migrate as the role that owns the schemas/,
    )
    expect(await run(runMigrate, owner, true)).toMatchObject({ code: 0 })
    for (const line of granting) await asOwner.unsafe(ours(line))
  })

  it('fill and rebuild as the owner', async () => {
    const flags = { users: 5, seed: 1 }
    expect(
      await onDatabase(
        runDemo,
        flags,
        recordingTerminal(),
        { DATABASE_URL: owner },
        { isSession: true },
      ),
    ).toBe(0)
    expect(await run(runRebuild, owner, false)).toMatchObject({ code: 0 })
  })

  it('serve every route as the server, which can write nothing', async () => {
    const pool = openTestPool(server)
    expect(await faultOf(pool, 60_000)).toBeUndefined()
    await pool.close()
    const app = await createTestApp({ url: server })
    onTestFinished(app.close)
    for (const path of [
      'activity',
      'activity?page=3&pageSize=5',
      'activity?authorId=1',
      'dashboard/stats?window=7d',
      'dashboard/trends?metric=posts,signups&interval=day',
      'dashboard/active-users?from=2026-11-01&to=2026-11-20',
    ])
      expect([path, (await app.request(`/api/v1/${path}`)).status]).toEqual([path, 200])
    for (const table of ['public.users', 'rollup.deltas', 'drizzle.__drizzle_migrations'])
      await expect(app.sql.unsafe(`delete from ${table}`)).rejects.toMatchObject({ code: '42501' })
  })

  it('take writes as the server once it has the rights for them, and say before which it lacks', async () => {
    const app = await createTestApp({ url: server })
    onTestFinished(app.close)
    const ask = askOf(app)
    const body = { username: 'told' }
    const early = await ask('post', '/users', { body })
    expect([early.status, early.answer.code]).toEqual([503, 'database_read_only'])
    expect(early.answer.detail).toMatch(/^The server's role .* lacks a right to \w+: /)
    for (const line of writing) await asOwner.unsafe(ours(line))

    const { answer: user } = await ask('post', '/users', { body })
    const { answer: post } = await ask('post', '/posts', { body: { authorId: user.id } })
    const { answer: comment } = await ask('post', '/comments', {
      body: { postId: post.id, body: 'c' },
    })
    const { answer: session } = await ask('post', '/sessions', { body: { userId: user.id } })
    for (const [path, { id }, body] of [
      ['/comments/{id}', comment, { body: 'd' }],
      ['/posts/{id}', post, { title: 't' }],
      ['/sessions/{id}', session, { lastSeenAt: '2020-01-01' }],
      ['/users/{id}', user, { isActive: false }],
    ] as const) {
      expect(await ask('patch', path, { id, body })).toMatchObject({ status: 200 })
      expect(await ask('delete', path, { id })).toMatchObject({ status: 204 })
    }
    for (const [path, { id }] of [
      ['/users/{id}', user],
      ['/posts/{id}', post],
      ['/comments/{id}', comment],
      ['/sessions/{id}', session],
    ] as const)
      expect(await ask('post', `${path}/restore`, { id })).toMatchObject({ status: 200 })
    await expect(app.sql`delete from posts`).rejects.toMatchObject({ code: '42501' })
    await expect(app.sql`delete from shopboard.audit_log`).rejects.toMatchObject({ code: '42501' })
  })

  it('write many at once, count views and erase a person as the server', async () => {
    const app = await createTestApp({ url: server })
    onTestFinished(() => app.close())
    const ask = askOf(app)
    const ids = async (resource: string, item: object) => {
      const made = await ask('post', `/${resource}/bulk`, { body: { items: [item, item] } })
      expect(made).toMatchObject({ status: 201 })
      return made.answer.items.map(({ id }: { id: number }) => id)
    }
    const [userId] = await ids('users', { username: 'grace' })
    const [postId] = await ids('posts', { authorId: userId })
    await ids('comments', { postId, authorId: userId, body: 'c' })
    await ids('sessions', { userId })
    await writeView(app.pool, postId)
    const erased = await ask('delete', '/users/{id}?erase=true', { id: userId })
    expect(erased).toMatchObject({ status: 204 })
    const { signal } = new AbortController()
    const job = { id: 1, params: { userId }, settings, pool: app.pool, signal, progress: () => {} }
    expect(await eraseUser.work(job)).toEqual({ rows: 6 })
    expect(await asOwner`select from public.users where id = ${userId}`).toHaveLength(0)
  })

  it('start with nothing to migrate, verify and fold as the server', async () => {
    expect(await migrate(server)).toBe('current')
    expect(await run(runVerify, server, false)).toMatchObject({ code: 0, stderr: '' })
    await asOwner`insert into public.users (username) values ('to be folded')`
    const { barred, failures, stop } = fold(server)
    await expect.poll(() => asOwner`select from rollup.deltas`).toEqual([])
    await stop()
    expect([barred, failures]).toEqual([[], []])
  })

  it('write as the writer, and nothing of the rollups', async () => {
    const sql = connectTo(writer)
    onTestFinished(() => sql.end({ timeout: 1 }))
    const [user] = await sql`insert into users (username) values ('mine') returning id`
    await sql`insert into posts (author_id) values (${user?.id})`
    await sql`update posts set deleted_at = now() where author_id = ${user?.id}`
    await sql`delete from users where id = ${user?.id}`
    await expect(sql`delete from rollup.deltas`).rejects.toMatchObject({ code: '42501' })
    expect(await run(runVerify, server, false)).toMatchObject({ code: 0 })
  })

  it('say once what a server lacks that may not fold, and fold once it may', async () => {
    const right = ours('execute on function rollup.fold()')
    const role = `shopboard_server_${tag}`
    await asOwner.unsafe(`revoke ${right} from ${role}`)
    const { barred, failures, stop } = fold(server)
    await expect.poll(() => barred).toEqual([`it takes: grant ${right} to ${role};`])
    await asOwner.unsafe(`grant ${right} to ${role}`)
    await expect.poll(() => barred).toHaveLength(2)
    await stop()
    expect([barred[1], failures]).toEqual([undefined, []])
  })

  it('notice a right that goes while they fold', async () => {
    const { barred, failures, stop } = fold(server)
    await asOwner`insert into public.users (username) values ('folded still')`
    await expect.poll(() => asOwner`select from rollup.deltas`).toEqual([])
    await asOwner.unsafe(`revoke usage on schema rollup from shopboard_server_${tag}`)
    await expect
      .poll(() => barred)
      .toEqual([expect.stringContaining('grant usage on schema rollup')])
    await stop()
    expect(failures).toEqual([])
  })
})

function fold(url: string) {
  const barred: (string | undefined)[] = []
  const failures: unknown[] = []
  const pool = openTestPool(url)
  const folding = startFolding({
    pool,
    interval: 20,
    onFailed: (error) => failures.push(error),
    onBarred: (reason) => barred.push(reason),
  })
  const stop = async () => {
    await folding.stop()
    await pool.close()
  }
  return { barred, failures, stop }
}
