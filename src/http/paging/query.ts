import { z } from '@hono/zod-openapi'
import { orders } from '../../db/list/list.ts'
import { instant, pageSize, wholeNumber } from '../parameters.ts'

/** Which page: of every list. */
export const pageParameters = {
  cursor: z.string().optional().openapi({
    description: 'Goes on from a `nextCursor` or `prevCursor` of a page with the same filters.',
  }),
  page: wholeNumber(1, 1_000_000_000)
    .optional()
    .openapi({ description: 'Jumps to a numbered page.' }),
  pageSize: pageSize.openapi({ description: 'Items on a page.' }),
}

export const order = z.enum(orders).optional()

export const creationBounds = {
  createdAfter: instant
    .optional()
    .openapi({ description: 'Only what was created after this instant; with `sort=createdAt`.' }),
  createdBefore: instant
    .optional()
    .openapi({ description: 'Only what was created before this instant; with `sort=createdAt`.' }),
}

const mostTags = 20

/** One or more, separated by commas; as they are kept: without blanks around them, in lower case, each once. */
export const tags = z
  .string()
  .transform((text, context): readonly string[] => {
    const asked = new Set(text.split(',').map((tag) => tag.trim().toLowerCase()))
    const isShort = [...asked].every((tag) => tag.length > 0 && [...tag].length <= 50)
    if (isShort && asked.size <= mostTags) return [...asked].sort()
    context.addIssue({
      code: 'custom',
      message: `must be up to ${mostTags} tags of 1 to 50 characters, separated by commas`,
    })
    return z.NEVER
  })
  .openapi({
    type: 'array',
    items: { type: 'string' },
    param: { style: 'form', explode: false },
  })

/** Faults are reported all at once: parameters are compared unless one of them is wrong by itself. */
const unlessWrong =
  (...names: string[]) =>
  ({ issues }: z.core.ParsePayload) =>
    !issues.some(({ path }) => names.includes(String(path?.[0])))

export const oneStrategy = z.refine<{ cursor?: string | undefined; page?: number | undefined }>(
  ({ cursor, page }) => cursor === undefined || page === undefined,
  {
    path: ['page'],
    message: 'cannot be combined with cursor',
    when: unlessWrong('cursor', 'page'),
  },
)

/** The instant `earlier` must lie before `later`, where both are given. */
export const inOrder = <Earlier extends string, Later extends string>(
  earlier: Earlier,
  later: Later,
) =>
  z.refine<{ [Name in Earlier | Later]?: string | undefined }>(
    (query) => {
      const [first, last] = [query[earlier], query[later]]
      return first === undefined || last === undefined || first < last
    },
    {
      path: [earlier],
      message: `must be earlier than ${later}`,
      when: unlessWrong(earlier, later),
    },
  )

/** `name` is offered with one sort alone. */
export const onlySortedBy = <Name extends string>(sort: string, name: Name) =>
  z.refine<{ [Each in Name]?: unknown } & { sort: string }>(
    (query) => query[name] === undefined || query.sort === sort,
    { path: [name], message: `goes with sort=${sort} only`, when: unlessWrong(name, 'sort') },
  )

/** Not both. */
export const oneOf = <One extends string, Other extends string>(one: One, other: Other) =>
  z.refine<{ [Each in One | Other]?: unknown }>(
    (query) => query[one] === undefined || query[other] === undefined,
    { path: [other], message: `cannot be combined with ${one}`, when: unlessWrong(one, other) },
  )
