import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { AppError, malformedJson } from '../errors/error.ts'
import type { AppEnv } from './context.ts'
import { parseStrictly } from './strict-json.ts'

const mebibyte = 2 ** 20
/** bytes */
const limitOf = (path: string) => (path.endsWith('/bulk') ? 16 * mebibyte : mebibyte)

/** Reads the body of a write, before its route validates it, as JSON that every program reads alike. */
export const jsonBody: MiddlewareHandler<AppEnv> = async function jsonBody(c, next) {
  const { method, path, raw } = c.req
  const isWrite = method !== 'GET' && method !== 'HEAD'
  if (!isWrite || !matchedRoutes(c).some((route) => route.method === method)) return next()

  const bytes = await bytesOf(raw, limitOf(path))
  if (bytes.byteLength > 0) expectJson(raw.headers)
  const text = textOf(bytes)
  Object.assign(c.req.bodyCache, { text: Promise.resolve(text) })
  if (text !== '') {
    const value = parseStrictly(text)
    // it would parse the text once more
    Object.assign(c.req, { json: async () => value })
  }
  return next()
}

/** @throws AppError payload_too_large as soon as that is known */
async function bytesOf(request: Request, limit: number): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > limit) throw tooLarge(limit)
  try {
    // what is read as a whole needs no stream, which would take longer to make than a short body to read
    if (declared !== null) return new Uint8Array(await request.arrayBuffer())
    return await joined(request.body, limit)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('malformed_json', 'The body was cut off.', { cause: error })
  }
}

async function joined(body: Request['body'], limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

const tooLarge = (limit: number) =>
  new AppError('payload_too_large', `A body has ${limit / mebibyte} MiB here at most.`)

function expectJson(headers: Headers): void {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw new AppError('unsupported_media_type', 'Send the body without a Content-Encoding.')
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').split(';')
  const charset = parameters.find((each) => /^\s*charset\s*=/i.test(each))
  const isUtf8 = charset === undefined || /=\s*"?utf-?8"?\s*$/i.test(charset)
  if (!/^\s*application\/([\w.-]+\+)?json\s*$/i.test(type) || !isUtf8)
    throw new AppError('unsupported_media_type', 'Send JSON in UTF-8, as application/json.')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (error) {
    throw malformedJson('It is not UTF-8.', error)
  }
}
