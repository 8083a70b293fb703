import type { Cursor, CursorCodec, Direction } from './cursor.ts'
import { metadataOf, type PageMetadata } from './page.ts'

/** What a statement finds of one page of a list, and around it. */
export type KeysetPage = {
  /** Positions of its outermost rows in the list's order, parts joined by `|`; null on an empty page. */
  readonly first: string | null
  readonly last: string | null
  /** Whether rows follow, in the direction gone. */
  readonly goesOn: boolean
  /** Whether rows lie behind, where the page was reached from. */
  readonly isPreceded: boolean
  /** Rows of the whole list. */
  readonly total: number
  readonly asOf: string
}

/** The page that was asked for, its cursor read: from here on nothing of it can be wrong. */
export type KeysetRequest = {
  /** On from here; else `page`, else the first page. */
  readonly cursor: Cursor | undefined
  readonly page: number | undefined
  readonly pageSize: number
  /** Which list, with which filters, canonically: cursors hold only for it. */
  readonly fingerprint: string
  /** The position beyond the last row of the list. */
  readonly end: readonly string[]
}

/** Its metadata, with cursors that lead on from it either way. */
export function keysetMetadata(
  found: KeysetPage,
  { cursor, page = 1, pageSize, fingerprint, end }: KeysetRequest,
  cursors: CursorCodec,
): PageMetadata {
  const [hasNext, hasPrev] =
    cursor?.direction === 'prev'
      ? [found.isPreceded, found.goesOn]
      : [found.goesOn, found.isPreceded && found.total > 0]
  const cursorTo = (direction: Direction, position: string | null) => {
    if (position !== null) return { direction, position: position.split('|') }
    return cursor ? cursorBack(cursor) : { direction, position: end }
  }
  return metadataOf(cursor ? { strategy: 'cursor' } : { strategy: 'page', page }, pageSize, {
    total: found.total,
    asOf: found.asOf,
    hasNext,
    hasPrev,
    nextCursor: hasNext ? cursors.write(cursorTo('next', found.last), fingerprint) : null,
    prevCursor: hasPrev ? cursors.write(cursorTo('prev', found.first), fingerprint) : null,
  })
}

/**
 * The cursor back from a page found empty, of a list whose positions end in an id that falls towards its end: the row
 * the page was reached from comes first.
 */
function cursorBack({ direction, position }: Cursor): Cursor {
  const id = BigInt(position.at(-1) ?? '')
  const beside = direction === 'next' ? id - 1n : id + 1n
  return {
    direction: direction === 'next' ? 'prev' : 'next',
    position: [...position.slice(0, -1), String(beside)],
  }
}
