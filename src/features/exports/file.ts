import type { Context } from 'hono'
import { AppError } from '../../errors/error.ts'
import type { AppEnv } from '../../http/context.ts'
import { isKnown } from '../../http/etag.ts'
import type { ExportFiles } from '../../http/export-files.ts'
import { reply } from '../../http/reply.ts'
import type { ExportFile } from './queries.ts'
import { rangeOf } from './range.ts'

const types = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' }

/** Sends the file, the part of it that `Range` asks for, or 304. @throws AppError not_found, range_not_satisfiable */
export async function sendFile(
  c: Context<AppEnv>,
  files: ExportFiles,
  id: number,
  { resource, format, isCompressed, file, isExpired }: ExportFile,
): Promise<Response> {
  if (file === null) throw new AppError('not_found', 'The file is not written yet.')
  if (isExpired) throw new AppError('not_found', 'The file has expired: export it anew.')
  const stored = await files.find(file)
  if (!stored) throw new AppError('not_found', elsewhere)

  // a file never changes, and each has another name
  const etag = `"${file.split('.')[0]}"`
  const headers = {
    ETag: etag,
    'Cache-Control': 'private, no-cache',
    'Accept-Ranges': 'bytes',
    'Content-Type': isCompressed ? 'application/gzip' : types[format],
    'Content-Disposition': `attachment; filename="${resource}-${id}.${format}${isCompressed ? '.gz' : ''}"`,
  }
  const ifNoneMatch = c.req.header('if-none-match')
  if (ifNoneMatch !== undefined && isKnown(ifNoneMatch, etag)) {
    const { 'Content-Type': _, 'Content-Disposition': __, ...rest } = headers
    return reply(c, null, 304, rest)
  }
  const { size, read } = stored
  const ifRange = c.req.header('if-range')
  const isWhole = ifRange !== undefined && ifRange.trim() !== etag
  const range = isWhole ? undefined : rangeOf(c.req.header('range'), size)
  const { start, end } = range ?? { start: 0, end: size - 1 }
  const isAsked = c.req.method !== 'HEAD' && size > 0
  return reply(c, isAsked ? read({ start, end }) : null, range ? 206 : 200, {
    ...headers,
    'Content-Length': String(end - start + 1),
    ...(range && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
  })
}

const elsewhere =
  'The server that answers has not got the file: it lies with the one that wrote it. Servers that have one EXPORT_DIR all have it.'
