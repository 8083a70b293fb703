import type { z } from '@hono/zod-openapi'
import type { Database } from '../db/database.ts'

/** Rows of a report in order, each as JSON on one line. */
export type ReportBatch = {
  readonly items: readonly string[]
  /** Rows of the whole report; null where that is not known. */
  readonly total: number | null
}

/** What a route shows page by page, as a whole. */
export type Report = {
  /** Names it in the API. */
  readonly resource: string
  /** Its filters, as the route takes them, without what only says which page. @throws ZodError */
  readonly filters: z.ZodType
  /** Of its rows. */
  readonly item: z.ZodObject
  /** Its rows under filters that were given as texts, in the one transaction of `db`. */
  readonly batches: (
    db: Database,
    filters: Readonly<Record<string, string>>,
  ) => AsyncGenerator<ReportBatch>
}

/** Rows read at once: no statement of a list gives more. */
export const reportBatch = 100
