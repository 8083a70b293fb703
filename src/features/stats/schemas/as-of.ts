import { z } from '@hono/zod-openapi'

export const asOf = z.string().openapi({
  format: 'date-time',
  example: '2020-05-31T01:40:47.307000Z',
  description: 'All that was committed before this instant is counted.',
})
