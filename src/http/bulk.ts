import { createRoute, z } from '@hono/zod-openapi'
import type { Context, TypedResponse } from 'hono'
import { onlyRow } from '../db/bound-statement.ts'
import type { CreatedMany, CreationOfMany, RowFault } from '../db/change/create-many.ts'
import type { TableName } from '../db/rollup/kinds.ts'
import type { Statement } from '../db/statement.ts'
import { faulty, missing, taken } from '../errors/error.ts'
import type { JsonText } from './answer.ts'
import type { AppEnv } from './context.ts'
import { requestHeaders } from './contract.ts'
import { post } from './responses.ts'
import { requires } from './security.ts'
import { takesNoQuery } from './validation.ts'
import { rowId } from './values.ts'
import { respondWrite } from './write.ts'

const mostItems = 10_000

/** The ids of new rows, in the order of the bodies they were made of. */
const createdIds = z
  .object({ items: z.array(z.object({ id: rowId }).openapi('Created')) })
  .openapi('CreatedIds')
type CreatedIds = z.output<typeof createdIds>

/** Many bodies at once. They are counted before they are looked at: a crowd of them costs nothing. */
const many = <Body extends z.ZodType>(noun: string, body: Body) =>
  z
    .strictObject({
      items: z
        .array(z.unknown())
        .refine(({ length }) => length >= 1 && length <= mostItems, {
          message: `must be 1 to ${mostItems} items`,
        })
        .pipe(z.array(body))
        .openapi({
          type: 'array',
          items: { $ref: `#/components/schemas/New${noun}` },
          minItems: 1,
          maxItems: mostItems,
        }),
    })
    .openapi(`New${noun}s`)

/** The contract of `POST /<resource>/bulk`. */
export const createsMany = <const Path extends `/${TableName}`, Body extends z.ZodType>(
  { path, noun }: { readonly path: Path; readonly noun: string },
  body: Body,
  code: 'reference_missing' | 'conflict',
) =>
  createRoute({
    method: 'post',
    path: `${path}/bulk`,
    operationId: `create${noun}s`,
    tags: [`${noun}s`],
    summary: `Create up to ${mostItems} ${noun.toLowerCase()}s at once`,
    description: `All of them, or none where one cannot be. Faults are told by the item's place, as \`items.37.createdAt\`: up to 100 of them, and how many there are. The body may have 16 MiB.`,
    security: requires('write'),
    parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
    middleware: takesNoQuery,
    request: {
      body: { required: true, content: { 'application/json': { schema: many(noun, body) } } },
    },
    responses: post(
      201,
      {
        description: 'Their ids, in the order of the items',
        schema: createdIds,
        examples: {
          written: {
            summary: `POST /api/v1${path}/bulk`,
            value: { items: [{ id: 1 }, { id: 2 }] },
          },
        },
      },
      code,
      'constraint_failed',
    ),
  })

type CreatesMany = {
  readonly createMany: Statement<CreationOfMany, CreatedMany>
  /** Waits for others who would wait for this one. */
  readonly queue?: Statement<Record<never, never>, unknown> | undefined
}

/** Answers with the ids of the rows that are made of the bodies. @throws AppError reference_missing, conflict */
export const respondCreatedMany = (
  c: Context<AppEnv>,
  table: TableName,
  { createMany, queue }: CreatesMany,
  bodies: readonly unknown[],
): Promise<Response & TypedResponse<CreatedIds, 201, 'json'>> =>
  respondWrite(c, [table], async (db, origin) => {
    const rows = JSON.stringify(bodies)
    const [, found] = await Promise.all([
      queue && db.run(queue),
      db.run(createMany, { ...origin, rows }),
    ])
    const { json, faults, faultCount } = onlyRow(found)
    if (json === null) throw faultOf(table, faults, faultCount)
    return { status: 201, body: `{"items":[${json}]}` as JsonText<CreatedIds> }
  })

/** Users refer to nobody, and nothing else has a field of its own. */
function faultOf(table: TableName, faults: readonly RowFault[], count: number) {
  const [code, message] =
    table === 'users' ? (['conflict', taken] as const) : (['reference_missing', missing] as const)
  const errors = faults.map(({ at, field }) => ({ path: `items.${at}.${field}`, message }))
  return faulty(code, errors, count)
}
