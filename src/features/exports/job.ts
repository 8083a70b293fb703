import { z } from '@hono/zod-openapi'
import type { Database, Pool } from '../../db/database.ts'
import type { ExportFiles } from '../../http/export-files.ts'
import type { Report } from '../../http/report.ts'
import { type Job, type JobKind, type JobResult, jobKind } from '../../jobs/job.ts'
import { columnsOf, csvHeader, csvLine } from './csv.ts'
import { exportToWrite, finishExport } from './queries.ts'
import { type Format, formats, type Resource, resources } from './schemas.ts'

export type Reports = Readonly<Record<Resource, Report>>

export const exportKind = 'export'

const params = z.object({
  resource: z.enum(resources),
  format: z.enum(formats),
  filters: z.record(z.string(), z.string()),
  isCompressed: z.boolean(),
})
export type ExportParams = z.infer<typeof params>

/** ms: what takes longer would keep vacuum from what was deleted since. */
const longestSnapshot = 600_000
const patience = 10_000

export type ExportJobOptions = {
  readonly reports: Reports
  readonly files: ExportFiles
  /** Hours that a file is kept. */
  readonly retention: number
}

/** Writes what an export asks for, all of one snapshot, to a file. A run that ends before leaves none, and the next begins anew. */
export const exportJob = ({ reports, files, retention }: ExportJobOptions): JobKind<ExportParams> =>
  jobKind({
    name: exportKind,
    summary: 'Writes a report to a file, for POST /api/v1/exports.',
    params,
    isLong: true,
    async work({ id, params, pool, signal, progress }): Promise<JobResult> {
      const [wanted] = await inShort(pool, 'read only', (db) => db.run(exportToWrite, { id }))
      if (!wanted || wanted.file !== null) return { rows: 0 }

      const { format, isCompressed, resource, filters } = params
      const file = `export-${crypto.randomUUID()}.${format}${isCompressed ? '.gz' : ''}`
      let rows = 0
      const size = await pool.transaction(
        { access: 'read only', signal, deadline: longestSnapshot },
        async (db) => {
          // a statement that comes first in its transaction may end it
          await db.run(exportToWrite, { id })
          const texts = textsOf(db, reports[resource], { format, filters }, (done, total) => {
            rows = done
            progress(done, total)
          })
          return files.write(file, texts, { isCompressed, signal })
        },
      )
      // where no answer comes it may be committed: then the file stays, and goes when it is as old as those that expire
      const [finished] = await inShort(pool, 'read write', (db) =>
        db.run(finishExport, { id, file, size, rows, retention }),
      )
      if (!finished) await files.remove(file)
      return { rows, size }
    },
  })

const inShort = <T>(
  pool: Pool,
  access: 'read only' | 'read write',
  work: (db: Database) => Promise<T>,
): Promise<T> => pool.transaction({ access, deadline: patience }, work)

async function* textsOf(
  db: Database,
  { item, batches }: Report,
  { format, filters }: { readonly format: Format; readonly filters: ExportParams['filters'] },
  onRows: Job['progress'],
): AsyncGenerator<string> {
  const columns = columnsOf(item)
  if (format === 'csv') yield csvHeader(columns)
  const lineOf = format === 'csv' ? (json: string) => csvLine(columns, json) : ndjsonLine
  let done = 0
  for await (const { items, total } of batches(db, filters)) {
    yield items.map(lineOf).join('')
    done += items.length
    onRows(done, total)
  }
}

const ndjsonLine = (json: string) => `${json}\n`
