import { rangeNotSatisfiable } from '../../errors/error.ts'
import type { ExportRange } from '../../http/export-files.ts'

/**
 * The one part that a `Range` asks for; undefined where all is to be sent: several parts, another unit, or none that can be read.
 * https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 * @throws AppError range_not_satisfiable where it lies behind the end
 */
export function rangeOf(header: string | undefined, size: number): ExportRange | undefined {
  const [, first, last = ''] = /^bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*$/i.exec(header ?? '') ?? []
  if (first === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    if (Number(last) === 0 || size === 0) throw rangeNotSatisfiable(size)
    return { start: Math.max(size - Number(last), 0), end: size - 1 }
  }
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= size) throw rangeNotSatisfiable(size)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return { start: Number(first), end }
}
