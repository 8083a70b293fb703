import { execFileSync, type SpawnSyncOptions, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Debian's PostgreSQL 15: it has pg_dump, psql and pg_basebackup, which the bundled server lacks. */
const bin = '/usr/lib/postgresql/15/bin'

/** Why tests that need those programs are skipped; undefined where they are there. */
export const withoutDebian = existsSync(join(bin, 'pg_basebackup'))
  ? undefined
  : `there is no PostgreSQL 15 in ${bin}`

export type Cluster = {
  readonly url: (database?: string) => string
  /** The directory of its socket. */
  readonly sockets: string
  readonly stop: () => void
}

const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A cluster in memory, without a password, for this machine alone. */
export const startCluster = (): Promise<Cluster> =>
  startOn((data) =>
    run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N']),
  )

/** As `startCluster`, over TLS alone, standbys excepted; its certificate, in `certificate`, is for the name localhost. */
export async function startTlsCluster(): Promise<Cluster & { readonly certificate: string }> {
  let certificate = ''
  const cluster = await startOn((data) => {
    run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N'])
    const [key, made] = [join(data, 'server.key'), join(data, 'server.crt')]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names]
    execFileSync('openssl', [...args, '-keyout', key, '-out', made], asServer())
    certificate = readFileSync(made, 'utf8')
    writeFileSync(
      join(data, 'pg_hba.conf'),
      'local all all trust\nhostssl all all all trust\nhost replication all all trust\n',
    )
    writeFileSync(join(data, 'postgresql.auto.conf'), 'ssl = on\n')
  })
  return { ...cluster, certificate }
}

/** A hot standby of the cluster at `url`. */
export const startStandby = (url: string): Promise<Cluster> =>
  startOn((data) =>
    run('pg_basebackup', ['-D', data, '-d', url, '-R', '-c', 'fast', '-X', 'stream']),
  )

/** The output of one of its programs. @throws what it wrote to standard error, when it fails */
export const run = (program: string, args: readonly string[], input = ''): string =>
  execFileSync(join(bin, program), args, { ...asServer(), input, maxBuffer: 2 ** 28 }).toString()

async function startOn(make: (data: string) => void): Promise<Cluster> {
  const dir = mkdtempSync(join(base, 'shopboard-debian-'))
  const data = join(dir, 'data')
  const { uid, gid } = asServer()
  chmodSync(dir, 0o755)
  if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid)
  const stop = () => {
    spawnSync(join(bin, 'pg_ctl'), ['stop', '-D', data, '-m', 'immediate'], asServer())
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    make(data)
    const port = await freePort()
    // mmap: shared memory is removed with the directory
    const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${dir} -c fsync=off -c autovacuum=off -c dynamic_shared_memory_type=mmap`
    run('pg_ctl', ['start', '-D', data, '-l', join(dir, 'log'), '-s', '-w', '-o', options])
    return {
      url: (database = 'postgres') => `postgres://postgres@127.0.0.1:${port}/${database}`,
      sockets: dir,
      stop,
    }
  } catch (error) {
    stop()
    throw error
  }
}

/** The server does not run as root; pg_ctl would hand its output on to it. */
function asServer(): Pick<SpawnSyncOptions, 'uid' | 'gid' | 'cwd' | 'stdio'> {
  const stdio = ['pipe', 'pipe', 'pipe'] as const
  if (process.getuid?.() !== 0) return { cwd: '/', stdio: [...stdio] }
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']))
  return { uid: id('-u'), gid: id('-g'), cwd: '/', stdio: [...stdio] }
}

export const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
