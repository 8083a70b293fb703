/**
 * `npm run load -- --clients 200 --clients 3000 --seconds 5`: what a crowd of clients gets that ask again as soon as they are
 * answered, and whether health checks are answered meanwhile; `--writes` lets each of them post a comment. The crowd shares
 * the machine with the server: compare the rows of one run.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { demo } from '../../src/commands/demo/demo.ts'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { migrate } from '../../src/db/migrate.ts'
import { startShopboard } from '../bench/processes.ts'
import { measureCrowd, type Overload } from './measure.ts'

const { values } = parseArgs({
  options: {
    clients: {
      type: 'string',
      multiple: true,
      default: ['50', '200', '500', '1500', '3000', '10000'],
    },
    seconds: { type: 'string', default: '5' },
    cache: { type: 'string', default: 'off' },
    writes: { type: 'boolean', default: false },
  },
})
const path = values.writes ? '/api/v1/comments' : '/api/v1/activity?pageSize=20'
const dir = await mkdtemp(join(tmpdir(), 'shopboard-load-'))
const database = await startEmbedded({ dir, durable: false })
try {
  await migrate(database.url())
  await demo({ databaseUrl: database.url(), users: 500, until: new Date('2026-11-01T00:00:00Z') })
  const server = await startShopboard(database.url(), {
    AUTH: 'off',
    CACHE: values.cache,
    LOG_LEVEL: 'info',
  })
  try {
    const rows = []
    const body = values.writes ? JSON.stringify({ postId: 1, body: 'me too' }) : undefined
    const processes = { pid: server.pid, postmaster: database.pid }
    for (const clients of values.clients.map(Number)) {
      const seconds = Number(values.seconds)
      const got = await measureCrowd(server.url + path, clients, seconds, processes, body)
      const row = rowOf(got)
      console.log(JSON.stringify(row))
      rows.push(row)
    }
    const best = Math.max(...rows.map((row) => row['served/s']))
    console.table(rows.map((row) => ({ ...row, 'of best': (row['served/s'] / best).toFixed(2) })))
  } finally {
    await server.stop()
  }
} finally {
  await database.stop('immediate')
  await rm(dir, { recursive: true, force: true })
}

function rowOf(got: Overload) {
  return {
    clients: got.clients,
    'served/s': Math.round(got.perSecond),
    'refused/s': Math.round(got.refusedPerSecond),
    p50: Math.round(got.p50),
    p99: Math.round(got.p99),
    'livez kept p99': Math.round(got.onKept),
    'livez new p99': Math.round(got.onNew),
    reached: got.served,
    lost: got.lost,
    strange: JSON.stringify(got.strange),
  }
}
