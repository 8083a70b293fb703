import { Agent, get } from 'node:http'
import { createRequire } from 'node:module'
import { median } from './figures.ts'
import { output } from './processes.ts'
import type { Contender, Measured, Rounds } from './rounds.ts'

export const clients = 16
const autocannon = createRequire(import.meta.url).resolve('autocannon')

/** autocannon in a process of its own, 16 connections. @throws when an answer is not 2xx */
export const overHttp = (name: string, url: string, pid?: number): Contender => ({
  name,
  ...(pid === undefined ? {} : { pid }),
  async run(seconds) {
    const args = ['-c', String(clients), '-d', String(seconds), '--json', '--no-progress', url]
    const said = JSON.parse(await output(process.execPath, [autocannon, ...args]))
    if (said.non2xx + said.errors > 0)
      throw new Error(`${url}: ${said.non2xx + said.errors} failures`)
    return {
      perSecond: said.requests.total / said.duration,
      p50: said.latency.p50,
      p99: said.latency.p99,
    }
  },
})

/** One client, three times: for what takes seconds. */
export async function slowly(url: string): Promise<Measured> {
  const took = [await timed(url), await timed(url), await timed(url)]
  return { perSecond: 1000 / median(took), p50: median(took), p99: Math.max(...took) }
}

/** One client asks the URLs in turn; for each URL its p50 of every round, in ms. */
export async function alternately(
  urls: readonly string[],
  { seconds, rounds }: Rounds,
): Promise<number[][]> {
  await inTurn(urls, 0.5)
  const p50 = urls.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    const took = await inTurn(urls, seconds)
    for (const [index, all] of took.entries()) p50[index]?.push(median(all))
  }
  return p50
}

/** One client asks the URLs in turn for so long, each three times at least; what each took, in ms. */
export async function inTurn(urls: readonly string[], seconds: number): Promise<number[][]> {
  const took = urls.map((): number[] => [])
  const end = performance.now() + 1000 * seconds
  for (let turn = 0; turn < 3 || performance.now() < end; turn++) {
    for (const [index, url] of urls.entries()) took[index]?.push(await timed(url))
  }
  return took
}

const agent = new Agent({ keepAlive: true })

/** ms until the answer is read. */
export const timed = (url: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const begun = performance.now()
    get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`))
      response.resume().on('end', () => resolve(performance.now() - begun))
    }).on('error', reject)
  })
