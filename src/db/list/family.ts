import type { TableName } from '../rollup/kinds.ts'
import { family, type Placeholders, type Statement } from '../statement.ts'
import {
  type FoundPage,
  type ListParams,
  type ListSql,
  type ListVariant,
  orders,
  type Way,
  ways,
} from './list.ts'
import { listPage } from './page.ts'

export type ListOptions = {
  readonly name: string
  readonly reads: readonly TableName[]
  /** What can be asked for, in either order: an index serves each. */
  readonly offers: readonly Omit<ListVariant, 'order'>[]
  readonly listOf: (variant: ListVariant, asked: Placeholders<ListParams>) => ListSql
}

type PageVariant = ListVariant & { readonly way: Way }

/** The statements of a list. */
export type ListPages<Total extends number | null> = (
  variant: PageVariant,
) => Statement<ListParams, FoundPage<Total>>

/**
 * A list's statements, one for each variant: `posts_by_created_at_desc_of_author_next`. Made at once are those of the
 * first offer, descending.
 */
export const listFamily = <Total extends number | null = number>({
  name,
  reads,
  offers,
  listOf,
}: ListOptions): ListPages<Total> =>
  family<PageVariant, ListParams, FoundPage<Total>>(
    {
      nameOf: (variant) => nameOf(name, variant),
      optionsOf: () => ({ reads, isOnly: true }),
      variants: () =>
        offers.flatMap((offer) =>
          orders.flatMap((order) => ways.map((way) => ({ ...offer, order, way }))),
        ),
      usual: offers
        .slice(0, 1)
        .flatMap((offer) => ways.map((way) => ({ ...offer, order: 'desc', way }))),
    },
    (variant, asked) => listPage(listOf(variant, asked), variant.way, asked),
  )

function nameOf(name: string, { sort, order, filters, way }: PageVariant): string {
  const of = filters.length > 0 ? ['of', ...filters] : []
  return [name, 'by', sort, order, ...of, way]
    .join('_')
    .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
