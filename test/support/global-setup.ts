import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { migrate } from '../../src/db/migrate.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's way into the server's `postgres` database. */
    adminUrl: string
    /** The migrated database that every test file's own is copied from. */
    template: string
  }
}

/** One server for the whole run: the bundled one in memory, or the one of TEST_DATABASE_URL. */
export default async function globalSetup({ provide }: TestProject) {
  const begun = performance.now()
  const external = process.env.TEST_DATABASE_URL
  const embedded = external ? undefined : await startInMemory()
  const adminUrl = embedded?.url() ?? external ?? ''
  const template = `shopboard_template_${process.pid}_${Date.now().toString(36)}`
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} })
  const [server] = await admin<
    { version: string }[]
  >`select current_setting('server_version') as version`
  await admin.unsafe(`create database ${template}`)
  await migrate(urlOf(adminUrl, template))
  await admin.unsafe(`alter database ${template} is_template true allow_connections false`)
  provide('adminUrl', adminUrl)
  provide('template', template)
  const ms = Math.round(performance.now() - begun)
  const whose = embedded ? 'embedded' : 'TEST_DATABASE_URL'
  console.log(`PostgreSQL ${server?.version} (${whose}) ready in ${ms} ms, Node ${process.version}`)

  return async () => {
    if (external) {
      await admin.unsafe(`alter database ${template} is_template false`)
      await admin.unsafe(`drop database if exists ${template} with (force)`)
    }
    await admin.end({ timeout: 1 })
    await embedded?.stop('immediate')
  }
}

function startInMemory() {
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  return startEmbedded({
    dir: join(base, `shopboard-test-${process.pid}`),
    durable: false,
    settings: { autovacuum: 'off', max_connections: '300', wal_level: 'logical' },
  })
}

const urlOf = (base: string, database: string) =>
  Object.assign(new URL(base), { pathname: `/${database}` }).toString()
