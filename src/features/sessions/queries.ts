import { sql } from 'drizzle-orm'
import { listByCreation } from '../../db/list/by-creation.ts'
import { listFamily } from '../../db/list/family.ts'
import { countedTotal, landFromNearerEnd } from '../../db/list/landing.ts'
import { type ById, rowById } from '../../db/list/row.ts'
import { matchesFilter, sourcesOf } from '../../db/rollup/sources.ts'
import { sessions } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { session } from './item.ts'

const reads = ['sessions', 'users'] as const

export const sessionPages = listFamily({
  name: 'sessions',
  reads,
  offers: [
    { sort: 'createdAt', filters: [] },
    { sort: 'createdAt', filters: ['bounds'] },
    { sort: 'createdAt', filters: ['user'] },
    { sort: 'createdAt', filters: ['user', 'bounds'] },
    { sort: 'lastSeenAt', filters: [] },
    { sort: 'lastSeenAt', filters: ['user'] },
  ],
  listOf({ sort, order, filters }, asked) {
    const isBounded = filters.includes('bounds')
    const filter = { authorId: filters.includes('user') ? asked.userId : undefined }
    if (sort === 'createdAt')
      return listByCreation({ kind: 'session', item: session, order, isBounded, filter }, asked)

    const counted = {
      kind: 'session',
      isBounded,
      filter: { ...filter, kinds: ['session'] },
    } as const
    const list = {
      sources: sourcesOf(counted.filter).map((source) => ({
        from: sql`${sessions}`,
        where: matchesFilter(source, counted.filter),
        key: sql`${sessions.lastSeenAt}`,
        id: sql`${sessions.id}`,
      })),
      key: 'anyInstant',
      order,
      item: session,
      total: countedTotal(counted, asked),
    } as const
    return { ...list, landing: () => landFromNearerEnd(list, asked) }
  },
})

export const sessionById = statement(
  'session_by_id',
  { reads, isOnly: true },
  (_, asked: Placeholders<ById>) => rowById(sessions, session, asked),
)
