import { timed } from '../http-load.ts'
import { startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { statsPath } from './feed.ts'
import type { Bench } from './scenario.ts'

/** The first start is left out: nobody has read the database's files yet. */
export async function measureStart({ data, report, rounds }: Bench): Promise<void> {
  const url = await data.full()
  const took: number[] = []
  for (let round = -1; round < rounds; round++) {
    const begun = performance.now()
    const server = await startShopboard(url)
    await timed(server.url + statsPath)
    if (round >= 0) took.push((performance.now() - begun) / 1000)
    await server.stop()
  }
  report.row(atMost('start on an existing database to the first statistics', took, 0.8, 's'))
}
