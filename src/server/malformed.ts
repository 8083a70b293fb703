import type { IncomingMessage } from 'node:http'
import { type AppError, misdirectedRequest, validationFailed } from '../errors/error.ts'
import { type HostNames, isOurs } from '../http/host.ts'

/** Whether a URL can be made of it: a name or an address, with or without a port. */
const hostForm = /^([\w.-]+|\[[\da-f:.]+\])(:\d{0,5})?$/i

/** What is wrong with a request as such, before any route is looked for; undefined where nothing is. */
export function malformed(incoming: IncomingMessage, names: HostNames): AppError | undefined {
  const { url = '', headers, httpVersion } = incoming
  const authority = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1]
  if (!url.startsWith('/') && !authority) return faulty('url', 'must be a path or a whole URL')
  const { 'transfer-encoding': encoding } = headers
  const host = authority ?? headers.host
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked')
    return faulty('transfer-encoding', 'must be chunked')
  // where such a message ends is anyone's guess: https://www.rfc-editor.org/rfc/rfc9112#section-6.1
  if (encoding !== undefined && httpVersion === '1.0')
    return faulty('transfer-encoding', 'takes HTTP/1.1')
  if (host === undefined) {
    return httpVersion === '1.0' ? undefined : faulty('host', 'is required')
  }
  // https://www.rfc-editor.org/rfc/rfc9112#section-3.2
  if (!hostForm.test(host) || isRepeated(incoming, 'host'))
    return faulty('host', 'must be one host name')
  return isOurs(names, host) ? undefined : misdirectedRequest()
}

const faulty = (path: string, message: string) => validationFailed([{ path, message }])

/** `headers` has the first of them only. */
function isRepeated({ rawHeaders }: IncomingMessage, name: string): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const each = rawHeaders[at]
    if (each?.length === name.length && each.toLowerCase() === name) count += 1
  }
  return count > 1
}
