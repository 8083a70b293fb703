/**
 * Sends whatever fast-check thinks of to every operation of the OpenAPI document, several at once:
 * `npm run fuzz -- --requests 20000 --seed 1`. Exit code 1 for an answer that the document does not promise, or for drift.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { demo } from '../src/commands/demo/demo.ts'
import { startEmbedded } from '../src/db/embedded/server.ts'
import { migrate } from '../src/db/migrate.ts'
import { verify } from '../src/db/rollup/verify.ts'
import { listen } from '../src/server/listen.ts'
import { openApp } from '../test/support/attack/app.ts'
import { answerChecker, shown } from '../test/support/attack/faults.ts'
import { attacksOn, memory } from '../test/support/attack/requests.ts'
import { openApiText } from '../test/support/openapi.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    clients: { type: 'string', default: '8' },
    only: { type: 'string', default: '' },
  },
})
const seed = Number(values.seed)
/** More of a kind would say the same. */
const mostTold = 3

const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shopboard-fuzz-'))
const database = await startEmbedded({ dir, durable: false })
const told = new Map<string, number>()
const answers = new Map<string, number>()

function tell(name: string, what: string) {
  const n = (told.get(name) ?? 0) + 1
  told.set(name, n)
  if (n <= mostTold) console.log(`${name}: ${what}`)
}

try {
  const url = database.url()
  await migrate(url)
  await demo({ databaseUrl: url, users: 30, seed, until: new Date('2026-11-21') })
  const { app, pool, close } = openApp(url, (line) => tell('log', line))
  const server = await listen(app.fetch, { host: '127.0.0.1', port: 0 })
  const { document, targets, faultsOf } = answerChecker(await openApiText())
  const meant = targets.filter(({ path }) => path.includes(values.only))
  const each = Math.ceil(Number(values.requests) / meant.length)
  console.log(`${each * meant.length} requests to ${meant.length} operations, seed ${seed}`)

  const attacks = meant
    .flatMap((target) =>
      fc
        .sample(attacksOn(target, document), { seed, numRuns: each })
        .map((attack, at) => ({ target, attack, at })),
    )
    .sort((one, other) => one.at - other.at)
  const { fill, learn } = memory()
  const queue = attacks.values()
  const client = async () => {
    for (const { target, attack } of queue) {
      const name = `${target.method} ${target.path}`
      const sent = fill(attack)
      const answer = await fetch(`${server.url}${sent.url}`, { ...sent.init, redirect: 'manual' })
      const body = await answer.text()
      learn(answer, body)
      const outcome = `${name} ${answer.status}`
      answers.set(outcome, (answers.get(outcome) ?? 0) + 1)
      for (const fault of faultsOf(target, answer, body)) tell(name, `${fault} to ${shown(sent)}`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.clients) }, client))

  for (const { rollup, drift, examples } of await verify(pool, () => {}))
    if (drift > 0) tell('drift', `${rollup} ${drift}: ${examples.join(', ')}`)
  await server.drain(1000)
  await close()
  for (const { method, path } of meant) {
    const own = [...answers].filter(([outcome]) => outcome.startsWith(`${method} ${path} `))
    console.log(
      method,
      path,
      Object.fromEntries(own.map(([outcome, n]) => [outcome.split(' ')[2], n])),
    )
  }
  const faults = [...told.values()].reduce((sum, n) => sum + n, 0)
  console.log(faults === 0 ? 'Every answer was as the document says.' : `${faults} faults.`)
  process.exitCode = faults === 0 ? 0 : 1
} finally {
  await database.stop('immediate')
  rmSync(dir, { recursive: true, force: true })
}
