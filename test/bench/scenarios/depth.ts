import { grouped, median, ms, ratios } from '../figures.ts'
import { alternately } from '../http-load.ts'
import { servers, startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { cursorTo, deepPage, feedPath } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

/** One client asks for page 1 and for deep pages in turn. */
export async function measureDepth(bench: Bench): Promise<void> {
  const { data, report } = bench
  await using running = servers()
  const { url } = await running.start(startShopboard(await data.full(), uncached))
  const number = await deepPage(url)
  const page = grouped(number)
  const [first = [], byCursor = [], byNumber = []] = await alternately(
    [
      url + feedPath,
      `${url}${feedPath}?cursor=${await cursorTo(url, number)}`,
      `${url}${feedPath}?page=${number}`,
    ],
    bench,
  )
  report.table(
    `One client, page 1 and page ${page} in turn`,
    ['', 'p50 ms'],
    [
      ['page 1', ms(median(first))],
      ['by cursor', ms(median(byCursor))],
      ['by number', ms(median(byNumber))],
    ],
  )
  report.row(atMost(`page ${page} by cursor ÷ page 1, p50`, ratios(byCursor, first), 1.1))
  report.row(atMost(`page ${page} by number ÷ page 1, p50`, ratios(byNumber, first), 1.2))
}
