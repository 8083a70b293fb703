import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { demo } from '../../src/commands/demo/demo.ts'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { migrate } from '../../src/db/migrate.ts'

export type BenchData = {
  /** The asked size, a tenth of it, and the asked size without keys, indexes and triggers. */
  readonly full: string
  readonly small: string
  readonly naive: string
  /** The server's first process. */
  readonly postmaster: number
  /** A database of its own for whoever writes, copied from `small`, or migrated and empty. */
  readonly scratch: (name: string, from: 'small' | 'empty') => Promise<string>
  readonly stop: () => Promise<void>
}

const until = new Date('2026-11-01T00:00:00Z')
/** As somebody would set a machine up that serves 1M posts, and durable. */
const settings = { shared_buffers: '1GB', max_wal_size: '4GB', max_connections: '200' }

/** Starts a server of the bench's own and fills it, or finds it filled in a directory that was kept. */
export async function provideData(
  posts: number,
  keep: string | undefined,
  say: (line: string) => void,
): Promise<BenchData> {
  const dir = keep ?? (await mkdtemp(join(tmpdir(), 'shopboard-bench-')))
  const server = await startEmbedded({ dir, settings })
  const admin = postgres(server.url(), { max: 1, onnotice: () => {} })
  const users = Math.max(10, Math.round(posts / 10))

  const isThere = async (name: string) =>
    (await admin`select from pg_database where datname = ${name}`).length > 0
  const copy = (name: string, from: string) =>
    admin.unsafe(`create database ${name} template ${from} strategy file_copy`)
  const make = async (name: string, fill: (part: string, url: string) => Promise<void>) => {
    if (await isThere(name)) return server.url(name)
    const begun = performance.now()
    const part = `${name}_part`
    await admin.unsafe(`drop database if exists ${part} with (force)`)
    await fill(part, server.url(part))
    await admin.unsafe(`alter database ${part} rename to ${name}`)
    say(`${name}: made in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    return server.url(name)
  }
  const community = (size: number) => async (name: string, url: string) => {
    await admin.unsafe(`create database ${name}`)
    await migrate(url)
    const rows = size * 71
    const begun = performance.now()
    await demo({ databaseUrl: url, users: size, until })
    const rate = Math.round(rows / ((performance.now() - begun) / 1000))
    say(
      `${rows.toLocaleString('en-US')} rows of a demo community, ${rate.toLocaleString('en-US')} rows/s`,
    )
  }

  const small = `small_${users}`
  const full = `full_${users}`
  const [files] = await admin<{ pid: string }[]>`select pg_read_file('postmaster.pid') as pid`
  return {
    postmaster: Number.parseInt(files?.pid ?? '0', 10),
    small: await make(small, community(Math.max(1, Math.round(users / 10)))),
    full: await make(full, community(users)),
    naive: await make(`naive_${users}`, async (name, url) => {
      await copy(name, full)
      await strip(url)
    }),
    async scratch(name, from) {
      await admin.unsafe(`drop database if exists ${name} with (force)`)
      if (from === 'small') await copy(name, small)
      else {
        await admin.unsafe(`create database ${name}`)
        await migrate(server.url(name))
      }
      return server.url(name)
    },
    async stop() {
      await admin.end()
      await server.stop()
      if (!keep && existsSync(dir)) await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Leaves bare tables: what a project has that never thought of keys and indexes. */
async function strip(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`drop schema rollup cascade`
  const constraints = await sql<{ name: string; relation: string }[]>`
    select quote_ident(conname) as name, conrelid::regclass::text as relation
    from pg_constraint where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c')
    order by contype = 'p'`
  for (const { name, relation } of constraints) {
    await sql.unsafe(`alter table ${relation} drop constraint if exists ${name} cascade`)
  }
  const indexes = await sql<{ name: string }[]>`
    select indexrelid::regclass::text as name from pg_index
    where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)`
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`)
  await sql`vacuum analyze`
  await sql.end()
}
