import type { Cursor, CursorCodec, Direction } from './cursor.ts'
import { metadataOf, type PageMetadata } from './page.ts'

/** What a statement finds of one page of a list, and around it. */
export type KeysetPage = {
  /** Positions of its outermost rows in the list's order; null on an empty page. */
  readonly first: readonly string[] | null
  readonly last: readonly string[] | null
  /** Whether rows follow, in the direction gone. */
  readonly goesOn: boolean
  /** Whether rows lie behind, where the page was reached from. */
  readonly isPreceded: boolean
  /** Rows of the whole list; null where they are too many to count. */
  readonly total: number | null
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
  /** Which way the id that ends a position goes along the list. */
  readonly ids: 'falling' | 'rising'
}

/** Its metadata, with cursors that lead on from it either way. */
export function keysetMetadata<Found extends KeysetPage>(
  found: Found,
  { cursor, page = 1, pageSize, fingerprint, end, ids }: KeysetRequest,
  cursors: CursorCodec,
): PageMetadata<Found['total']> {
  const [hasNext, hasPrev] =
    cursor?.direction === 'prev'
      ? [found.isPreceded, found.goesOn]
      : [found.goesOn, found.isPreceded && found.total !== 0]
  const cursorTo = (direction: Direction, position: readonly string[] | null) => {
    if (position !== null) return { direction, position }
    return cursor ? cursorBack(cursor, ids) : { direction, position: end }
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

/** The cursor back from a page found empty: the row the page was reached from comes first. */
function cursorBack({ direction, position }: Cursor, ids: KeysetRequest['ids']): Cursor {
  const id = BigInt(position.at(-1) ?? '')
  const beside = (direction === 'next') === (ids === 'falling') ? id - 1n : id + 1n
  return {
    direction: direction === 'next' ? 'prev' : 'next',
    position: [...position.slice(0, -1), String(beside)],
  }
}
