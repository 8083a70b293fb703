import { median, ms, ratios } from '../figures.ts'
import { alternately } from '../http-load.ts'
import { servers, startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { statsPath } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

export async function measureGrowth(bench: Bench): Promise<void> {
  const { data, report } = bench
  await using running = servers()
  const small = await running.start(startShopboard(await data.small(), uncached))
  const full = await running.start(startShopboard(await data.full(), uncached))
  const [little = [], much = []] = await alternately(
    [small.url + statsPath, full.url + statsPath],
    bench,
  )
  report.table(
    'One client, statistics over a hundredth of the rows and over all in turn',
    ['', 'p50 ms'],
    [
      ['a hundredth', ms(median(little))],
      ['all', ms(median(much))],
    ],
  )
  report.row(atMost('statistics at 100 × the rows ÷ at 1 ×, p50', ratios(much, little), 1.2))
}
