import { checkerOf, type Documented, headersOf, operationsOf } from '../documented.ts'
import type { Attack, Target } from './requests.ts'

/** What no failure may tell: SQL, a stack, a host, a file, a word of the driver's. */
const internal =
  /\b(select|insert into|update|delete from|begin|rollback) |relation "|column "|syntax error|violates|\bpg_|postgres|drizzle|node_modules|\bat \w+ \(|\.[tj]s:\d|\/(home|usr|work|tmp|dev)\/|127\.0\.0\.1|localhost|ECONN|errno|undefined|\[object |SQLSTATE/i

/** Says what of an answer the document does not promise: nothing, where all is well. */
export function answerChecker(text: string) {
  const document: Documented = JSON.parse(text)
  const schemaFaults = checkerOf(text)

  function faultsOf({ path, method, operation }: Target, answer: Response, body: string): string[] {
    const { status, headers } = answer
    const described = operation.responses[status]
    if (status >= 500) return [`${status}: ${body}`]
    if (!described) return [`${status} is not described: ${body.slice(0, 200)}`]
    const missing = headersOf(document, path, status, method)
      .always.filter((name) => !headers.get(name))
      .map((name) => `${name} is missing with ${status}`)
    const types = Object.keys(described.content ?? {})
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
    if (types.length === 0) return body === '' ? missing : [...missing, `${status} has a body`]
    if (!types.includes(type)) return [...missing, `the content type is ${type || 'missing'}`]
    const told = status >= 400 ? internal.exec(body)?.[0] : undefined
    return [
      ...missing,
      ...(told === undefined ? [] : [`it tells of "${told}": ${body}`]),
      ...(type.endsWith('json') ? schemaFaults(path, status, JSON.parse(body), method) : []),
    ]
  }

  return { document, targets: operationsOf(document), faultsOf }
}

/** For people: what was asked, as short as it can be. */
export const shown = ({ url, init }: Attack): string => JSON.stringify({ url, ...init })
