import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDatabaseUrl } from '../../../src/database-url.ts'
import { withCertificates } from '../../../src/db/certificates.ts'
import { openClient } from '../../../src/db/pool/driver.ts'
import { reasonOf } from '../../../src/db/when-up.ts'
import { useDatabase } from '../../support/database.ts'
import {
  type Cluster,
  freePort,
  startStandby,
  startTlsCluster,
  withoutDebian,
} from '../../support/debian.ts'

/** What one connection by this URL finds, or why there is none. */
async function connect(url: string) {
  const client = openClient(await withCertificates(url), {
    connectTimeout: 10_000,
    parameters: { application_name: 'target' },
    isConnected: () => false,
    onLost: () => {},
  })
  try {
    const [row] = await client.unsafe(`
      select current_setting('application_name') as name, pg_is_in_recovery() as standby,
        (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls`)
    return row
  } catch (error) {
    return reasonOf(error)
  } finally {
    await client.end({ timeout: 0 })
  }
}

describe('a connection by a URL', () => {
  const database = useDatabase()

  it('goes to the next host where the first is not there', async () => {
    const { hosts, user, password, database: name } = readDatabaseUrl(database.url)
    const nowhere = await freePort()
    const url = `postgres://${user}:${encodeURIComponent(password ?? '')}@127.0.0.1:${nowhere},127.0.0.1:${hosts[0]?.port}/${name}`
    expect(await connect(url)).toMatchObject({ name: 'target', tls: false })
  })

  it('does not hand on what only other drivers know, and has the name it asks for', async () => {
    const url = `${database.url}?channel_binding=require&connect_timeout=2&whatever=1&application_name=mine`
    expect(await connect(url)).toMatchObject({ name: 'mine' })
  })

  it('says that a certificate cannot be read', async () => {
    await expect(connect(`${database.url}?sslrootcert=/nowhere.pem`)).rejects.toThrow(
      "The sslrootcert of the database's URL cannot be read: ENOENT, /nowhere.pem",
    )
  })

  it('says that the server may have no TLS', async () => {
    expect(await connect(`${database.url}?sslmode=require`)).toMatch(/may have no TLS, which/)
    expect(await connect(`${database.url}?sslmode=prefer`)).toMatchObject({ tls: false })
  })
})

describe.skipIf(withoutDebian)('a connection over TLS', () => {
  let cluster: Awaited<ReturnType<typeof startTlsCluster>>
  let standby: Cluster
  let dir: string
  let trusted: string
  beforeAll(async () => {
    cluster = await startTlsCluster()
    dir = mkdtempSync(join(tmpdir(), 'certificates '))
    const path = join(dir, 'ca.pem')
    writeFileSync(path, cluster.certificate)
    trusted = `sslrootcert=${encodeURIComponent(path)}`
    standby = await startStandby(`${cluster.url()}?sslmode=disable`)
  })
  afterAll(() => {
    standby?.stop()
    cluster?.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  const named = () => cluster.url().replace('127.0.0.1', 'localhost')

  it('is taken to need one where the server says so', async () => {
    expect(await connect(cluster.url())).toMatch(/no encryption: add \?sslmode=require to its URL$/)
  })

  it.each(['allow', 'prefer', 'require', 'no-verify'])('stands with sslmode=%s', async (mode) => {
    expect(await connect(`${cluster.url()}?sslmode=${mode}`)).toMatchObject({ tls: true })
  })

  it.each(['require', 'verify-ca', 'verify-full'])(
    'stands with sslmode=%s and the certificate',
    async (mode) => {
      expect(await connect(`${named()}?sslmode=${mode}&${trusted}`)).toMatchObject({ tls: true })
    },
  )

  it.each(['sslmode=verify-ca', 'sslmode=verify-full', 'sslrootcert=system'])(
    'does not stand with %s where nobody vouches for the server',
    async (query) => {
      expect(await connect(`${named()}?${query}`)).toMatch(/self-signed certificate/)
    },
  )

  it('compares the address with the certificate where that is all that is given', async () => {
    expect(await connect(`${cluster.url()}?sslmode=verify-full&${trusted}`)).toMatch(/127\.0\.0\.1/)
    expect(await connect(`${cluster.url()}?sslmode=verify-ca&${trusted}`)).toMatchObject({
      tls: true,
    })
  })

  it.each(['require', 'verify-full'])('has no TLS on a socket, with sslmode=%s', async (mode) => {
    const directory = encodeURIComponent(cluster.sockets)
    const { port } = new URL(cluster.url())
    await expect(
      connect(`postgres://postgres@${directory}:${port}/postgres?sslmode=${mode}`),
    ).resolves.toMatchObject({ tls: false })
  })

  it('finds the server with the attributes it asks for', async () => {
    const hosts = [cluster, standby].map((each) => new URL(each.url()).host).join(',')
    const by = (attributes: string) =>
      connect(
        `postgres://postgres@${hosts}/postgres?sslmode=require&target_session_attrs=${attributes}`,
      )
    expect(await by('primary')).toMatchObject({ standby: false })
    expect(await by('standby')).toMatchObject({ standby: true })
  })
})
