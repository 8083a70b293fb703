import { z } from '@hono/zod-openapi'

/** What answers are made of. Ids and counts are whole numbers that JavaScript holds exactly. */
export const rowId = z.int().openapi({ format: 'int64' })
export const count = z.int().min(0).openapi({ format: 'int64' })

export const time = z.string().openapi({ format: 'date-time' })

/** Whose a row is; null where the account is gone or was never known. */
export const owner = z
  .object({ id: rowId, username: z.string() })
  .openapi('UserReference')
  .nullable()

export const asOf = time.openapi({
  description: 'All that was committed before this instant is counted.',
})
