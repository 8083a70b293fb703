import { startProxy } from '../../support/proxy.ts'
import { alternately } from '../http-load.ts'
import { servers, startShopboard } from '../processes.ts'
import { atMost } from '../report.ts'
import { feedPath } from './feed.ts'
import { type Bench, uncached } from './scenario.ts'

/** ms */
const roundTrip = 20

export async function measureNetwork(bench: Bench): Promise<void> {
  const proxy = await startProxy(await bench.data.full())
  proxy.delay = roundTrip
  try {
    await using running = servers()
    const { url } = await running.start(startShopboard(proxy.url, uncached))
    const [took = []] = await alternately([url + feedPath], bench)
    const what = `a plain read, ${roundTrip} ms per round trip to the database, p50`
    bench.report.row(atMost(what, took, roundTrip + 8, 'ms'))
  } finally {
    await proxy.close()
  }
}
