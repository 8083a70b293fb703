import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { demo } from '../../src/commands/demo/demo.ts'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { migrate } from '../../src/db/migrate.ts'
import { strip } from './contenders/strip.ts'
import { grouped } from './figures.ts'

export type BenchData = {
  /** Of the community asked for. */
  readonly posts: number
  /** Databases, made when they are first asked for: the asked size, a hundredth of it, the asked size without keys, indexes and triggers. */
  readonly full: () => Promise<string>
  readonly small: () => Promise<string>
  readonly naive: () => Promise<string>
  /** A copy for whoever writes, or a migrated and empty database; dropped at the end of the block that uses it. */
  readonly scratch: (from: 'full' | 'small' | 'empty') => Promise<Scratch>
  /** The server's first process. */
  readonly postmaster: number
  /** For files; removed in the end. */
  readonly folder: string
  readonly stop: () => Promise<void>
}
export type Scratch = { readonly url: string } & AsyncDisposable

export type DataOptions = {
  readonly posts: number
  readonly folder: string
  /** Where databases are kept from one run to the next. */
  readonly keep: string | undefined
  readonly say: (line: string) => void
}

/** The community's last moment. */
const until = new Date('2026-11-01T00:00:00Z')
/** As somebody would set a machine up that serves 1M posts, and durable. */
const settings = { shared_buffers: '1GB', max_wal_size: '4GB', max_connections: '200' }

/** Starts a server of the bench's own, or finds it filled in a directory that was kept. */
export async function provideData({ posts, folder, keep, say }: DataOptions): Promise<BenchData> {
  const dir = keep ?? join(folder, 'data')
  await mkdir(dir, { recursive: true })
  const server = await startEmbedded({ dir, settings })
  const admin = postgres(server.url(), { max: 1, onnotice: () => {} })
  const users = Math.max(10, Math.round(posts / 10))

  const drop = (name: string) => admin.unsafe(`drop database if exists ${name} with (force)`)
  const copy = (name: string, from: string) =>
    admin.unsafe(`create database ${name} template ${from} strategy file_copy`)

  /** A part of it, left by a run that was interrupted, is not taken for the whole. */
  async function make(name: string, fill: (part: string, url: string) => Promise<unknown>) {
    if ((await admin`select from pg_database where datname = ${name}`).length > 0) return
    const begun = performance.now()
    const part = `${name}_part`
    await drop(part)
    await fill(part, server.url(part))
    await admin.unsafe(`alter database ${part} rename to ${name}`)
    say(`${name}: made in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  }
  const community = (size: number) =>
    once(async () => {
      const name = `community_${size}`
      await make(name, async (part, url) => {
        await admin.unsafe(`create database ${part}`)
        await migrate(url)
        await demo({ databaseUrl: url, users: size, until })
        say(`${grouped(size * 71)} rows of a demo community`)
      })
      return server.url(name)
    })
  const full = community(users)
  const small = community(Math.max(10, Math.round(users / 100)))
  let scratches = 0

  return {
    posts,
    folder,
    postmaster: server.pid,
    full,
    small,
    naive: once(async () => {
      const name = `naive_${users}`
      const template = nameIn(await full())
      await make(name, async (part, url) => {
        await copy(part, template)
        await strip(url)
      })
      return server.url(name)
    }),
    async scratch(from) {
      const name = `scratch_${scratches++}`
      const url = server.url(name)
      await drop(name)
      if (from === 'empty') {
        await admin.unsafe(`create database ${name}`)
        await migrate(url)
      } else await copy(name, nameIn(await (from === 'full' ? full() : small())))
      return { url, [Symbol.asyncDispose]: async () => void (await drop(name)) }
    },
    async stop() {
      await admin.end({ timeout: 0 })
      await server.stop(keep ? 'fast' : 'immediate')
    },
  }
}

const nameIn = (url: string) => new URL(url).pathname.slice(1)

/** What is asked for twice is made once. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
