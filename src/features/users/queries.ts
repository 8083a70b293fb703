import { type SQL, sql } from 'drizzle-orm'
import { listByCreation } from '../../db/list/by-creation.ts'
import { listFamily } from '../../db/list/family.ts'
import { countedTotal, landFromNearerEnd } from '../../db/list/landing.ts'
import type { Asked, FilterName, Key, ListSql, ListVariant } from '../../db/list/list.ts'
import { matching } from '../../db/list/matching.ts'
import { type ById, rowById } from '../../db/list/row.ts'
import { matchesFilter, sourcesOf } from '../../db/rollup/sources.ts'
import type { UserClasses } from '../../db/rollup/user-classes.ts'
import { users } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { shownUser, wholeUser } from './item.ts'
import { preferring } from './preferring.ts'
import { named } from './search.ts'

const reads = ['users'] as const

/** Both flags, either of them, or none. */
const classes: readonly (readonly FilterName[])[] = [
  [],
  ...(['active', 'inactive'] as const).map((one) => [one]),
  ...(['admins', 'others'] as const).map((one) => [one]),
  ...(['active', 'inactive'] as const).flatMap((one) =>
    (['admins', 'others'] as const).map((other) => [one, other]),
  ),
]

export const userPages = listFamily<number | null>({
  name: 'users',
  reads,
  offers: [
    ...classes.flatMap((some) =>
      [some, [...some, 'search'] as const].flatMap((filters) => [
        { sort: 'createdAt', filters } as const,
        { sort: 'createdAt', filters: [...filters, 'bounds'] } as const,
        { sort: 'username', filters } as const,
        { sort: 'lastSeenAt', filters } as const,
      ]),
    ),
    { sort: 'createdAt', filters: ['properties'] },
    { sort: 'createdAt', filters: ['properties', 'bounds'] },
  ],
  listOf(variant, asked) {
    const list = variant.sort === 'createdAt' ? byCreation(variant, asked) : byClass(variant, asked)
    if (variant.filters.includes('search')) return matching(list, named(asked), asked)
    return variant.filters.includes('properties') ? matching(list, preferring(asked), asked) : list
  },
})

const byCreation = (variant: ListVariant, asked: Asked): ListSql =>
  listByCreation(
    {
      kind: 'signup',
      item: shownUser,
      order: variant.order,
      isBounded: variant.filters.includes('bounds'),
      filter: {
        authorId: undefined,
        classes: hasClass(variant) ? classesOf(variant) : undefined,
      },
    },
    asked,
  )

const hasClass = ({ filters }: ListVariant) =>
  filters.some((filter) => classes.some((some) => some.includes(filter)))

const classesOf = ({ filters }: ListVariant): UserClasses => ({
  isActive: filters.includes('active') || (filters.includes('inactive') ? false : undefined),
  isAdmin: filters.includes('admins') || (filters.includes('others') ? false : undefined),
})

/** Each class of users has its order in the index; a user never seen stands below every instant. */
function byClass(variant: ListVariant, asked: Asked): ListSql {
  const { sort, order } = variant
  const [key, column]: [Key, SQL] =
    sort === 'username'
      ? ['text', sql`lower(${users.username})`]
      : ['anyInstant', sql`coalesce(${users.lastSeenAt}, '-infinity'::timestamptz)`]
  const filter = { kinds: ['signup'], authorId: undefined, classes: classesOf(variant) } as const
  const counted = { kind: 'signup', filter, isBounded: false } as const
  const list = {
    sources: sourcesOf(filter).map((source) => ({
      from: sql`${users}`,
      where: matchesFilter(source, filter),
      key: column,
      id: sql`${users.id}`,
    })),
    key,
    order,
    item: shownUser,
    total: countedTotal(counted, asked),
  }
  return { ...list, landing: () => landFromNearerEnd(list, asked) }
}

export const userById = statement(
  'user_by_id',
  { reads, isOnly: true },
  (_, asked: Placeholders<ById>) => rowById(users, wholeUser, asked),
)
