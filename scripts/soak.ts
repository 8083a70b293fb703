/** Random failures of the database under load: `node scripts/soak.ts --minutes 5 --seed 1`. Exit code 1 when a promise was broken. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '../src/db/embedded/server.ts'
import { migrate } from '../src/db/migrate.ts'
import { soak } from '../test/support/soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    verbose: { type: 'boolean', default: false },
  },
})
const duration = Number(values.minutes) * 60_000
const seed = Number(values.seed)

const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shopboard-soak-'))
let server = await startEmbedded({ dir })
const url = server.url()
const { port } = new URL(url)
await migrate(url)
console.log(`${values.minutes} min of failures, seed ${seed}`)
try {
  const { violations, ...report } = await soak({
    url,
    duration,
    seed,
    promised: { recovery: 2_000, leeway: 1_500 },
    async restart() {
      await server.stop(Math.random() < 0.5 ? 'fast' : 'immediate')
      server = await startEmbedded({ dir, settings: { port } })
    },
    say: (line) => (values.verbose || line.startsWith('VIOLATION')) && console.log(line),
  })
  console.log(report)
  console.log(violations.length === 0 ? 'Every promise was kept.' : `${violations.length} broken.`)
  process.exitCode = violations.length === 0 ? 0 : 1
} finally {
  await server.stop('immediate')
  rmSync(dir, { recursive: true, force: true })
}
