/**
 * A crowd in a process of its own: `node crowd.ts URL CLIENTS SECONDS WARMUP FEWEST [BODY]`. Each client asks again as soon as it
 * is answered, on a connection it keeps: GET, or POST with the body. It goes on past its seconds, a minute at most, until FEWEST
 * were served. Writes what it got after the warm-up to standard output, as one `Crowd`.
 */
import { connect } from 'node:net'
import { percentile } from '../bench/figures.ts'

export type Crowd = {
  /** Served (200, 201) a second, and their latencies in ms. */
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** 503 with `Retry-After` and a code of ours, a second. */
  readonly refusedPerSecond: number
  /** Any other answer, by its status line. */
  readonly strange: Readonly<Record<string, number>>
  /** Connections lost or never made. */
  readonly lost: number
  /** Clients that got an answer. */
  readonly served: number
}

const [target = '', clients = '0', seconds = '0', warmUp = '0', fewest = '0', body] =
  process.argv.slice(2)
const url = new URL(target)
const head = ` ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n`
const type = `Content-Type: application/json\r\nContent-Length: ${body?.length}\r\n`
const request = body === undefined ? `GET${head}\r\n` : `POST${head}${type}\r\n${body}`
const took: number[] = []
const strange: Record<string, number> = {}
let [refused, lost, served] = [0, 0, 0]
let isMeasured = false

for (let n = 0; n < Number(clients); n++) join()
await pause(Number(warmUp))
isMeasured = true
const begun = performance.now()
const sinceBegun = () => (performance.now() - begun) / 1000
await pause(Number(seconds))
while (took.length < Number(fewest) && sinceBegun() < 60) await pause(0.1)
const elapsed = sinceBegun()
const crowd: Crowd = {
  perSecond: took.length / elapsed,
  p50: percentile(took, 0.5),
  p99: percentile(took, 0.99),
  refusedPerSecond: refused / elapsed,
  strange,
  lost,
  served,
}
process.stdout.write(`${JSON.stringify(crowd)}\n`, () => process.exit(0))

function join() {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  let [asked, received, isServed] = [0, '', false]
  const ask = () => {
    asked = performance.now()
    socket.write(request)
  }
  socket.setEncoding('latin1')
  socket.on('connect', ask)
  socket.on('data', (chunk: string) => {
    received = received === '' ? chunk : received + chunk
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = received.slice(0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
    if (received.length < end + 4 + length) return
    note(head, received, performance.now() - asked)
    if (!isServed) served += 1
    ;[received, isServed] = ['', true]
    ask()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (isMeasured) lost += 1
    setTimeout(join, 1000 * Math.random())
  })
}

function note(head: string, whole: string, duration: number) {
  if (!isMeasured) return
  if (/^HTTP\/1\.1 20[01]/.test(head)) took.push(duration)
  else if (
    head.startsWith('HTTP/1.1 503') &&
    /retry-after: \d/i.test(head) &&
    /"code":"(overloaded|pool_exhausted)"/.test(whole)
  )
    refused += 1
  else {
    const status = head.slice(0, head.indexOf('\r\n'))
    strange[status] = (strange[status] ?? 0) + 1
  }
}

function pause(s: number) {
  return new Promise((resolve) => setTimeout(resolve, s * 1000))
}
