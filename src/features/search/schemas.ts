import { z } from '@hono/zod-openapi'
import { metadataFields } from '../../http/paging/page.ts'
import { pageSize, wholeNumber } from '../../http/parameters.ts'
import { count, rowId, time } from '../../http/values.ts'

export const searchTypes = ['posts', 'users'] as const
export type SearchType = (typeof searchTypes)[number]
export const searchSorts = ['relevance', 'recent'] as const
export type SearchSort = (typeof searchSorts)[number]

const headline = z.string().openapi({
  description: 'HTML: the words found within `<mark>`, everything else escaped.',
})
const rank = z
  .number()
  .openapi({ description: 'Higher is better; to be compared within a search.' })

const postHit = z
  .object({
    type: z.literal('post'),
    id: rowId,
    title: z.string().nullable(),
    headline,
    author: z
      .object({ id: rowId, username: z.string() })
      .nullable()
      .openapi({ description: 'Null where the account is gone or was never known.' }),
    createdAt: time,
    rank,
  })
  .openapi('PostHit')

const userHit = z
  .object({
    type: z.literal('user'),
    id: rowId,
    username: z.string(),
    headline,
    createdAt: time,
    rank,
  })
  .openapi('UserHit')

const metadata = metadataFields
  .extend({
    total: count.openapi({ description: 'The rows that are ranked: all that pages lead to.' }),
    ranked: count.openapi({ description: 'The newest matches, 1,000 at most.' }),
    matches: count.openapi({ description: 'All that match: exactly, or as PostgreSQL expects.' }),
    isExact: z.boolean().openapi({ description: 'Whether `matches` is counted.' }),
    since: time
      .nullable()
      .openapi({ description: 'No match from before is ranked; null where all are.' }),
  })
  .openapi('SearchMetadata')

export const searchPageSchema = z
  .object({
    items: z.array(z.discriminatedUnion('type', [postHit, userHit])),
    metadata,
    counts: z.object({
      posts: count,
      users: count.nullable().openapi({
        description: 'Null for a search without three letters or digits in a row.',
      }),
    }),
  })
  .openapi('SearchPage')
export type SearchPage = z.infer<typeof searchPageSchema>

const mostCharacters = 300

export const searchQuery = z
  .strictObject({
    q: z
      .string('is missing')
      .refine((text) => text.trim() !== '', 'must not be empty')
      .refine((text) => [...text].length <= mostCharacters, {
        error: `must have ${mostCharacters} characters at most`,
      })
      .openapi({
        type: 'string',
        minLength: 1,
        maxLength: mostCharacters,
        description: 'Words, `"a phrase"`, `or`, `-without`; of users a part of the name.',
      }),
    type: z
      .enum(searchTypes, `must be one of ${searchTypes.join(', ')}`)
      .default('posts')
      .openapi({ description: 'What to search.' }),
    sort: z
      .enum(searchSorts, `must be one of ${searchSorts.join(', ')}`)
      .default('relevance')
      .openapi({ description: 'Best first, or newest first.' }),
    cursor: z.string().optional().openapi({
      description: 'Goes on from a `nextCursor` or `prevCursor` of a page of the same search.',
    }),
    page: wholeNumber(1, 1_000_000_000)
      .optional()
      .openapi({ description: 'Jumps to a numbered page.' }),
    pageSize: pageSize.openapi({ description: 'Items on a page.' }),
  })
  .refine(({ cursor, page }) => cursor === undefined || page === undefined, {
    path: ['page'],
    message: 'cannot be combined with cursor',
    when: ({ issues }) =>
      !issues.some(({ path }) => path?.[0] === 'cursor' || path?.[0] === 'page'),
  })
export type SearchQuery = z.infer<typeof searchQuery>
