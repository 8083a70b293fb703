import { z } from '@hono/zod-openapi'
import { asOf, count } from '../values.ts'

/** What every list says of a page; one that says more extends it. */
export const metadataFields = z.object({
  strategy: z
    .enum(['cursor', 'page'])
    .openapi({ description: 'How the page was asked for; without either it is page 1.' }),
  pageSize: z.int().min(1).max(100),
  hasNext: z.boolean(),
  hasPrev: z.boolean(),
  nextCursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
  prevCursor: z.string().nullable().openapi({ description: 'Null on the first page.' }),
  total: count.openapi({ description: 'All items under these filters, counted exactly.' }),
  page: z.int().min(1).nullable().openapi({ description: 'Null behind a cursor.' }),
  totalPages: count.nullable().openapi({ description: 'Null behind a cursor.' }),
  asOf,
})

/** The `metadata` of every list. In cursor mode `page` and `totalPages` are null. */
export const metadataSchema = metadataFields.openapi('PageMetadata')
/** Of a list that may hold more than is worth counting. */
export const openMetadataSchema = metadataFields
  .extend({
    total: count.nullable().openapi({
      description:
        'All items under these filters, counted exactly; null where they are too many to count.',
    }),
  })
  .openapi('OpenPageMetadata')

export type PageMetadata<Total extends number | null = number> = Omit<
  z.infer<typeof metadataSchema>,
  'total'
> & { total: Total }

/** Where the page lies in its list: at a number, or behind a cursor. */
export type PagePosition =
  | { readonly strategy: 'page'; readonly page: number }
  | { readonly strategy: 'cursor' }

/** What a statement found about one page. */
export type PageFacts<Total extends number | null> = {
  readonly total: Total
  readonly asOf: string
  readonly hasNext: boolean
  readonly hasPrev: boolean
  readonly nextCursor: string | null
  readonly prevCursor: string | null
}

export const metadataOf = <Total extends number | null>(
  position: PagePosition,
  pageSize: number,
  found: PageFacts<Total>,
): PageMetadata<Total> => ({
  strategy: position.strategy,
  pageSize,
  hasNext: found.hasNext,
  hasPrev: found.hasPrev,
  nextCursor: found.nextCursor,
  prevCursor: found.prevCursor,
  total: found.total,
  page: position.strategy === 'page' ? position.page : null,
  totalPages:
    position.strategy === 'page' && found.total !== null ? Math.ceil(found.total / pageSize) : null,
  asOf: found.asOf,
})

/**
 * The `Link` header of a page (RFC 8288): references relative to this server, so that they are right behind a proxy.
 * `url` is the request's; a client that asked by `page` gets links by `page` where those are reached, every other by `cursor`.
 */
export function linkHeader(
  url: string,
  metadata: PageMetadata<number | null>,
  isReached: (page: number) => boolean = () => true,
): string {
  const { pathname, searchParams } = new URL(url)
  const byNumber = searchParams.has('page')
  searchParams.delete('page')
  searchParams.delete('cursor')
  const link = (rel: string, name: string, value: string | number) => {
    const query = new URLSearchParams([...searchParams, [name, String(value)]])
    return `<${pathname}?${query}>; rel="${rel}"`
  }

  const { page, totalPages, nextCursor, prevCursor } = metadata
  const links = [link('first', 'page', 1)]
  const on = (rel: string, cursor: string, to: number) =>
    byNumber && page && isReached(to) ? link(rel, 'page', to) : link(rel, 'cursor', cursor)
  if (nextCursor) links.push(on('next', nextCursor, (page ?? 1) + 1))
  if (prevCursor) {
    const before = Math.min((page ?? 1) - 1, totalPages ?? Number.POSITIVE_INFINITY)
    links.push(on('prev', prevCursor, before))
  }
  return links.join(', ')
}
