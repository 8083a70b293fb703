import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readPostmaster } from '../src/db/embedded/postmaster.ts'
import { createTestDatabase, useDatabase } from './support/database.ts'
import { startProxy } from './support/proxy.ts'

const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})

type Env = Readonly<Record<string, string>>

/** The program in a process of its own, on a free port. */
function start(env: Env) {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, ['--import', './scripts/preload.js', 'src/node.ts'], {
    env: { PATH, PORT: '0', AUTH: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let output = ''
  let complaint = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal)
    }),
  )
  const said = (text: RegExp) => expect.poll(() => output + complaint).toMatch(text)
  return {
    child,
    ended,
    said,
    output: () => output,
    complaint: () => complaint,
    async url() {
      await said(/Shopboard is at/)
      return /http:\/\/\S+/.exec(output)?.[0] ?? ''
    },
  }
}

describe('the program on Node', () => {
  const db = useDatabase()
  const onDatabase = (env: Env = {}) => start({ DATABASE_URL: db.url, ...env })

  it('says in one line where it is, answers there, and ends on SIGTERM', async () => {
    const program = onDatabase()
    const url = await program.url()
    const response = await fetch(`${url}/livez`)
    expect(await response.json()).toEqual({ status: 'ok', runtime: 'node' })
    expect(program.output()).not.toContain(new URL(db.url).password || '\0')
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    expect(program.complaint()).toBe('')
  })

  it('finishes the request it is at, accepts no other, and then ends', async () => {
    const program = onDatabase()
    const url = await program.url()
    const locked = await db.sql.reserve()
    await locked`begin`
    await locked`lock table rollup.counts in access exclusive mode`
    const request = fetch(`${url}/api/v1/dashboard/stats`)
    await expect
      .poll(
        () =>
          db.sql`select from pg_stat_activity where datname = current_database() and application_name = 'shopboard' and wait_event_type = 'Lock'`,
      )
      .toHaveLength(1)

    program.child.kill('SIGINT')
    await expect.poll(() => fetch(`${url}/livez`).then(Boolean, () => false)).toBe(false)
    await locked`rollback`
    locked.release()
    const response = await request
    expect(response.status).toBe(200)
    expect(await response.json()).toHaveProperty('totals')
    expect(await program.ended).toBe(0)
  })

  it('ends at once on a second signal', async () => {
    const program = onDatabase()
    const url = await program.url()
    const locked = await db.sql.reserve()
    await locked`begin`
    await locked`lock table rollup.counts in access exclusive mode`
    const request = fetch(`${url}/api/v1/dashboard/stats`).catch(() => 'cut off')
    await expect
      .poll(
        () =>
          db.sql`select from pg_stat_activity where datname = current_database() and application_name = 'shopboard' and wait_event_type = 'Lock'`,
      )
      .toHaveLength(1)
    program.child.kill('SIGINT')
    await expect.poll(() => fetch(`${url}/livez`).then(Boolean, () => false)).toBe(false)
    const again = setInterval(() => program.child.kill('SIGINT'), 200)
    expect(await program.ended).toBe(130)
    clearInterval(again)
    expect(await request).toBe('cut off')
    await locked`rollback`
    locked.release()
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends when npm, which started it, dies of %s',
    async (signal) => {
      const npm = spawn('npm', ['start'], {
        env: { ...process.env, DATABASE_URL: db.url, PORT: '0' },
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let output = ''
      npm.stdout.on('data', (chunk) => {
        output += chunk
      })
      await expect.poll(() => output).toMatch(/Shopboard is at/)
      const url = /http:\/\/\S+/.exec(output)?.[0]
      npm.kill(signal)
      await expect.poll(() => fetch(`${url}/livez`).then(Boolean, () => false)).toBe(false)
    },
  )

  it('folds what waits', async () => {
    const program = onDatabase({ FOLD_INTERVAL: '50' })
    await program.url()
    await db.sql`insert into users (username) values ('ann')`
    await expect.poll(() => db.sql`select from rollup.deltas`).toHaveLength(0)
  })

  it('waits for a database that is still starting', async () => {
    const proxy = await startProxy(db.url)
    await proxy.refuse()
    const program = start({ DATABASE_URL: proxy.url })
    await program.said(/Waiting for the database 127\.0\.0\.1:\d+/)
    await proxy.accept()
    const url = await program.url()
    expect((await fetch(`${url}/api/v1/dashboard/stats`)).status).toBe(200)
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    await proxy.close()
  })

  it('comes up twice at once on an empty database', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const programs = [start({ DATABASE_URL: empty.url }), start({ DATABASE_URL: empty.url })]
    for (const program of programs) {
      const url = await program.url()
      expect((await fetch(`${url}/api/v1/activity`)).status).toBe(200)
      program.child.kill('SIGTERM')
    }
    expect(await Promise.all(programs.map(({ ended }) => ended))).toEqual([0, 0])
    await empty.drop()
  })

  it('says that its port is in use, and no more', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const program = onDatabase({ PORT: String(port) })
    expect(await program.ended).toBe(1)
    expect(program.complaint()).toMatch(/^Port \d+ of 127\.0\.0\.1 is in use: .*\n$/)
    expect(program.output()).toMatch(/^AUTH=off: .*\n$/)
    server.close()
  })

  it('says which variables are wrong, without a stack', async () => {
    const program = start({ NODE_ENV: 'production', PORT: 'x' })
    expect(await program.ended).toBe(1)
    expect(program.complaint()).toMatch(/^PORT should be .*\nDATABASE_URL should be set .*\n$/)
  })

  it('never says where it is over a database that it cannot serve', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const program = start({ DATABASE_URL: empty.url, MIGRATE: 'off' })
    expect(await program.ended).toBe(1)
    expect(program.output()).toBe('')
    expect(program.complaint()).toMatch(/^Cannot use the database \S+: it is not migrated: .*\n$/)
    await empty.drop()
  })

  it('does not wait for a database that refuses it, and does not say the password', async () => {
    const url = Object.assign(new URL(db.url), { pathname: '/nowhere', password: 'hunter2' })
    const program = start({ DATABASE_URL: url.toString() })
    expect(await program.ended).toBe(1)
    expect(program.complaint()).toMatch(/^Cannot use the database \S+: .*\n$/)
    expect(program.complaint()).not.toContain('hunter2')
  })
})

describe('the program on the embedded database', () => {
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(base, 'shopboard node '))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it('finds a demo community on its first start, and its data on the next, whatever ended it', async () => {
    const DATA_DIR = join(directory, 'data')
    const first = start({ DATA_DIR })
    const url = await first.url()
    expect(first.output()).toMatch(/A demo community moved in: 300 users/)
    const { totals } = await (await fetch(`${url}/api/v1/dashboard/stats`)).json()
    expect(totals.users).toBe(300)
    const server = readPostmaster(join(DATA_DIR, 'pg18'))

    const beside = start({ DATA_DIR })
    expect(await beside.url()).not.toBe(url)
    expect(beside.output()).toContain(`shared with its process ${server?.pid}`)
    first.child.kill('SIGKILL')
    expect((await fetch(`${await beside.url()}/api/v1/activity`)).status).toBe(200)
    beside.child.kill('SIGINT')
    expect(await beside.ended).toBe(0)
    // the last one out is whoever PostgreSQL sees leave last: this one, or the one that was killed
    await expect.poll(() => readPostmaster(join(DATA_DIR, 'pg18'))).toBeUndefined()

    const again = start({ DATA_DIR })
    const stats = await fetch(`${await again.url()}/api/v1/dashboard/stats`)
    expect((await stats.json()).totals).toEqual(totals)
    expect(again.output()).not.toContain('demo')
    again.child.kill('SIGTERM')
    expect(await again.ended).toBe(0)
  })

  const answers = (url: string) =>
    fetch(`${url}/api/v1/activity`).then(
      ({ status }) => status,
      () => 0,
    )

  it('answers again soon after its database was killed, and so does one beside it', async () => {
    const DATA_DIR = join(directory, 'data')
    const env = { DATA_DIR, DEMO: 'off', CACHE: 'off' }
    const programs = [start(env), start(env)]
    const urls = await Promise.all(programs.map((program) => program.url()))
    const postmaster = () => readPostmaster(join(DATA_DIR, 'pg18'))?.pid ?? 0
    for (const _ of [1, 2]) {
      const pid = postmaster()
      process.kill(pid, 'SIGKILL')
      // by another server: it may be there before anyone has asked in vain
      await expect.poll(() => ![0, pid].includes(postmaster())).toBe(true)
      await expect.poll(() => Promise.all(urls.map(answers))).toEqual([200, 200])
    }
    for (const program of programs) {
      expect(program.output()).toMatch(
        /The embedded PostgreSQL ended[\s\S]*The embedded PostgreSQL is back/,
      )
      program.child.kill('SIGTERM')
      expect(await program.ended).toBe(0)
    }
    await expect.poll(() => readPostmaster(join(DATA_DIR, 'pg18'))).toBeUndefined()
  })

  it('ends with a sentence when its database is killed and the data gone', async () => {
    const DATA_DIR = join(directory, 'data')
    const program = start({ DATA_DIR, DEMO: 'off' })
    await program.url()
    const pid = readPostmaster(join(DATA_DIR, 'pg18'))?.pid ?? 0
    rmSync(DATA_DIR, { recursive: true })
    process.kill(pid, 'SIGKILL')
    expect(await program.ended).toBe(1)
    expect(program.complaint()).toBe(
      `The embedded PostgreSQL ended and is not back: its data in ${DATA_DIR} is gone.\n`,
    )
  })

  it('fills nothing in with DEMO=off', async () => {
    const program = start({ DATA_DIR: join(directory, 'data'), DEMO: 'off' })
    const url = await program.url()
    const { totals } = await (await fetch(`${url}/api/v1/dashboard/stats`)).json()
    expect(totals).toEqual({ users: 0, posts: 0, comments: 0, sessions: 0 })
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })
})
