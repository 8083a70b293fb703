import { z } from '@hono/zod-openapi'
import { type AppError, type ErrorCode, problems, validationFailed } from '../errors/error.ts'
import { type HeaderName, headersOf } from './contract.ts'
import { examplesOf, sampleOf } from './samples.ts'
import type { WrittenStatus } from './write.ts'

/** The body of every failure: RFC 9457. Each response names the codes it can carry. */
export const Problem = z
  .object({
    type: z.url().openapi({ description: 'Names the code, and is its page.' }),
    title: z.string().openapi({ description: 'The same for every failure of the code.' }),
    status: z.int().openapi({ description: 'The status of the response.' }),
    detail: z.string().openapi({ description: 'What happened, for people.' }),
    code: z.string().openapi({ description: 'What happened, for programs.' }),
    requestId: z
      .string()
      .openapi({ description: 'Under it the log of the server has the reason.' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: 'Every fault of the input, at once.' }),
  })
  .openapi('Problem')

type StatusOf<Code extends ErrorCode> = (typeof problems)[Code]['status']
/** Those of the codes that are answered with this status. */
type CodeWith<Status, Code extends ErrorCode> = Code extends ErrorCode
  ? Status extends StatusOf<Code>
    ? Code
    : never
  : never
type ProblemOf<Status extends number, Code extends ErrorCode> = z.ZodObject<
  Omit<typeof Problem.shape, 'status' | 'code'> & {
    status: z.ZodLiteral<Status>
    code: z.ZodEnum<{ [Each in Code]: Each }>
  },
  z.core.$strip
>

type Always = 'validation_failed' | (typeof always)[number]
/** What any request past a server's door can meet when it takes a scope and uses the database. */
const always = [
  'unauthenticated',
  'forbidden',
  'misdirected_request',
  'rate_limited',
  'internal_error',
  'database_unavailable',
  'pool_exhausted',
  'overloaded',
  'serialization_failed',
  'timeout',
] as const satisfies readonly ErrorCode[]

/** The `responses` of a route that answers by `respond`: its answer, 304, and whatever can go wrong. */
export const read = <Schema extends z.ZodType, const Code extends ErrorCode = never>(
  answer: Answer<Schema>,
  ...codes: Code[]
) => {
  const own = ['ETag', 'Cache-Control', 'Vary', ...limits, ...(answer.headers ?? [])] as const
  const headers = headersOf(...own)
  return {
    200: { ...contentOf(answer), headers },
    304: { description: 'Nothing changed since the answer that `If-None-Match` names.', headers },
    ...failures<Code | Always>('validation_failed', ...codes, ...always),
  }
}

/** What an answer tells of the limit it was counted by. */
const limits = ['RateLimit-Policy', 'RateLimit'] as const

type Answer<Schema extends z.ZodType> = {
  readonly description: string
  readonly schema: Schema
  /** Real answers, each under a name; the summary is the request. */
  readonly examples: Readonly<Record<string, { summary: string; value: z.output<Schema> }>>
  readonly headers?: readonly HeaderName[]
}

type Writes = Always | (typeof writes)[number]
/** What any write can meet besides. */
const writes = [
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
  'database_read_only',
] as const satisfies readonly ErrorCode[]

/** The `responses` of a PATCH that answers by `respondWrite`: its answer, and whatever can go wrong. */
export const write = <
  const Status extends Exclude<WrittenStatus, 204>,
  Schema extends z.ZodType,
  const Code extends ErrorCode = never,
>(
  status: Status,
  answer: Answer<Schema>,
  ...codes: Code[]
) => {
  const headers = headersOf('Cache-Control', ...limits, ...(answer.headers ?? []))
  const written = { [status]: { ...contentOf(answer), headers } }
  return {
    ...(written as Record<
      Status,
      ReturnType<typeof contentOf<Schema>> & { headers: typeof headers }
    >),
    ...failedWrites(...codes),
  }
}

/** As `write`, of a POST: it names `requestHeaders('Idempotency-Key', 'X-Request-Id')` as its `parameters`. */
export const post = <
  const Status extends Exclude<WrittenStatus, 204>,
  Schema extends z.ZodType,
  const Code extends ErrorCode = never,
>(
  status: Status,
  answer: Answer<Schema>,
  ...codes: Code[]
) => {
  const headers = [...(answer.headers ?? []), 'Idempotency-Replayed'] as const
  return write<Status, Schema, Code | 'idempotency_conflict'>(
    status,
    { ...answer, headers },
    'idempotency_conflict',
    ...codes,
  )
}

/** As `write`, of a DELETE: it answers 204. */
export const remove = <const Code extends ErrorCode = never>(
  description: string,
  ...codes: Code[]
) => ({
  204: { description, headers: headersOf('Cache-Control', ...limits) },
  ...failedWrites(...codes),
})

const failedWrites = <const Code extends ErrorCode>(...codes: Code[]) =>
  failures<Code | Writes>('validation_failed', ...writes, ...codes, ...always)

const contentOf = <Schema extends z.ZodType>({
  description,
  schema,
  examples,
}: Answer<Schema>) => ({
  description,
  content: { 'application/json': { schema, examples } },
})

/** The `responses` for these codes: one for each status, which carries those of them that have it and no other. */
export function failures<const Code extends ErrorCode>(...codes: Code[]) {
  const statuses = [...new Set(codes.map((code) => problems[code].status))]
  const responses = statuses.map((status) => {
    const those = codes.filter((code) => problems[code].status === status)
    return [status, failure(status, those.map(sampleOf))]
  })
  return Object.fromEntries(responses) as {
    [Status in StatusOf<Code>]: Failure<Status, CodeWith<Status, Code>>
  }
}

/** The failure of a route that reads no parameters: only a URL can be wrong. */
export const malformedUrl = () =>
  failure(400, [validationFailed([{ path: 'q', message: 'is not valid percent-encoded UTF-8' }])])

type Failure<Status extends number, Code extends ErrorCode> = {
  description: string
  headers: ReturnType<typeof headersOf>
  content: {
    'application/problem+json': {
      schema: ProblemOf<Status, Code>
      examples: ReturnType<typeof examplesOf>
    }
  }
}

function failure<Status extends number>(status: Status, errors: readonly AppError[]) {
  const codes = errors.map(({ code }) => code)
  const schema = Problem.extend({
    status: z.literal(status).openapi({ type: 'integer', enum: [status] }),
    code: z.enum(codes),
  })
  const isTemporary = errors.every(({ retryAfter }) => retryAfter !== undefined)
  return {
    description: codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('; '),
    headers: headersOf(
      'Cache-Control',
      ...(codes.includes('rate_limited') ? limits : []),
      ...(isTemporary ? (['Retry-After'] as const) : []),
      ...(errors.some(({ size }) => size !== undefined) ? (['Content-Range'] as const) : []),
      ...(errors.some(({ challenge }) => challenge) ? (['WWW-Authenticate'] as const) : []),
    ),
    content: { 'application/problem+json': { schema, examples: examplesOf(errors) } },
  }
}
