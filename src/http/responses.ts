import { z } from '@hono/zod-openapi'
import { type ErrorCode, problems } from '../errors/error.ts'

/** The body of every failure: RFC 9457. */
export const Problem = z
  .object({
    type: z.url().openapi({ example: 'https://shopboard.dev/problems/validation_failed' }),
    title: z.string().openapi({ example: problems.validation_failed.title }),
    status: z.int().openapi({ example: problems.validation_failed.status }),
    detail: z.string().openapi({ example: 'See errors for every fault found.' }),
    code: z.enum(Object.keys(problems) as ErrorCode[]),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')

/** The failures any route can answer with. */
type Always = 'internal_error' | 'database_unavailable' | 'timeout'
type StatusOf<Code extends ErrorCode> = (typeof problems)[Code]['status']
type Failure = {
  description: string
  content: { 'application/problem+json': { schema: typeof Problem } }
}

/** The `responses` of a route that answers with these codes, and with those any use of the database can bring. */
export function failures<Code extends ErrorCode>(...codes: Code[]) {
  const always: ErrorCode[] = [
    'internal_error',
    'database_unavailable',
    'pool_exhausted',
    'overloaded',
    'timeout',
  ]
  const byStatus = Map.groupBy([...codes, ...always], (code) => problems[code].status)
  return Object.fromEntries(
    Array.from(byStatus, ([status, those]) => [status, failure(those)]),
  ) as Record<StatusOf<Code | Always>, Failure>
}

const failure = (codes: readonly ErrorCode[]): Failure => ({
  description: codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('; '),
  content: { 'application/problem+json': { schema: Problem } },
})
