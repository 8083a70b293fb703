import { z } from '@hono/zod-openapi'

/** What answers are made of. Ids and counts are whole numbers that JavaScript holds exactly. */
export const rowId = z.int().openapi({ format: 'int64' })
export const count = z.int().min(0).openapi({ format: 'int64' })

export const time = z.string().openapi({ format: 'date-time' })

/** What clients keep with a row. */
export const properties = z
  .record(z.string(), z.json())
  .openapi({ type: 'object', description: 'What clients keep with it: any JSON object.' })

/** Whose a row is; null where the account is gone or was never known. */
export const owner = z
  .object({ id: rowId, username: z.string() })
  .openapi('UserReference')
  .nullable()

export const asOf = time.openapi({
  description: 'All that was committed before this instant is counted.',
})
