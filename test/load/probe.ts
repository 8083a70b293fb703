import { Agent, get } from 'node:http'

export type Probes = {
  /** ms each took; Infinity for one that failed or took longer than a minute. */
  readonly took: readonly number[]
  readonly stop: () => Promise<readonly number[]>
}

/** ms */
const interval = 100
const timeout = 60_000

/** Asks for `path` again and again, on one connection or on a new one each time. */
export function startProbing(url: string, isKept: boolean): Probes {
  const agent = new Agent({ keepAlive: isKept, maxSockets: isKept ? 1 : Infinity })
  const took: number[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false

  async function probe() {
    const begun = performance.now()
    const isAnswered = await answers(`${url}/livez`, agent)
    took.push(isAnswered ? performance.now() - begun : Infinity)
    if (!isStopped) timer = setTimeout(next, interval)
  }
  let probing = probe()
  const next = () => {
    probing = probe()
  }
  return {
    took,
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await probing
      agent.destroy()
      return took
    },
  }
}

const answers = (url: string, agent: Agent): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(url, { agent, timeout }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200))
    })
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false))
  })
