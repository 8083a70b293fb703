import { ratios } from '../figures.ts'
import { overHttp } from '../http-load.ts'
import { servers, startContender, startShopboard } from '../processes.ts'
import { atLeast } from '../report.ts'
import { columns, compare, linesOf, ratesOf } from '../rounds.ts'
import { feedPath, statsPath } from './feed.ts'
import type { Bench } from './scenario.ts'

/** Against a server that does nothing but send the same JSON. */
export async function measureCached(bench: Bench): Promise<void> {
  const { data, report } = bench
  await using running = servers()
  const shopboard = await running.start(startShopboard(await data.full(), { CACHE_THRESHOLD: '0' }))
  for (const [what, path] of [
    ['statistics', statsPath],
    ['first page', feedPath],
  ] as const) {
    const body = await (await fetch(shopboard.url + path)).text()
    const bare = await running.start(startContender('bare', { BODY: body }))
    const measured = await compare(
      [
        overHttp('Shopboard', shopboard.url + path, shopboard.pid),
        overHttp('bare Hono', bare.url, bare.pid),
      ],
      bench,
      data.postmaster,
    )
    report.table(`Cached: ${what}`, columns, linesOf(measured))
    const shares = ratios(ratesOf(measured, 'Shopboard'), ratesOf(measured, 'bare Hono'))
    report.row(atLeast(`cached ${what} ÷ bare Hono c.json`, shares, 0.9))
  }
}
