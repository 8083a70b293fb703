import { kindNumber, kinds } from '../../db/rollup/kinds.ts'
import type { Direction } from '../../http/paging/cursor.ts'
import type { Position } from './position.ts'

/*
 * Items as PostgreSQL wrote them, one after another. Each begins in the same way, and nothing else does: inside a text
 * the quotes would be escaped, and the objects inside an item begin with their id.
 */
const begin = '{"kind":"'

/** The items of the page: without the one that told that it goes on in that direction. */
export function itemsOf(items: string, goesOn: Direction | undefined): string {
  if (goesOn === undefined) return items
  return goesOn === 'next'
    ? items.slice(0, items.lastIndexOf(begin) - 1)
    : items.slice(items.indexOf(begin, begin.length))
}

/** Each item by itself. */
export const linesOf = (items: string): string[] =>
  items === '' ? [] : items.split(/,(?=\{"kind":")/)

/** The positions of the first and the last item; null where there is none. */
export const endsOf = (items: string) => ({
  first: positionAt(items, 0),
  last: positionAt(items, items.lastIndexOf(begin)),
})

function positionAt(items: string, index: number): Position | null {
  item.lastIndex = index
  const [, name, id = '', createdAt = ''] = item.exec(items) ?? []
  const kind = kinds.find((each) => each === name)
  return kind === undefined ? null : [createdAt, String(kindNumber(kind)), id]
}

const item = /\{"kind":"(\w+)","id":(-?\d+),"createdAt":"([^"]+)"/y
