import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, TypedResponse } from 'hono'
import { may } from '../../auth/caller.ts'
import { onlyRow } from '../../db/bound-statement.ts'
import type { TransactionDatabase } from '../../db/database.ts'
import { AppError, noSuchRow } from '../../errors/error.ts'
import { entryOf, type JsonText, send } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import type { ExportFiles } from '../../http/export-files.ts'
import { respondWrite } from '../../http/write.ts'
import { enqueueJob } from '../../jobs/job.ts'
import { createExport, deleteExport, downloadExport, getExport, listExports } from './contracts.ts'
import { sendFile } from './file.ts'
import { filtersOf } from './filters.ts'
import { type ExportParams, exportKind, type Reports } from './job.ts'
import {
  addExport,
  exportById,
  exportFile,
  exportsOfActor,
  removeExport,
  type Viewer,
} from './queries.ts'
import type { Export, ExportList } from './schemas.ts'

/** Exports of a caller that wait or run at once. */
const mostAtOnce = 3

/** Mounted under /api/v1. */
export const exportsOf = (reports: Reports) =>
  new OpenAPIHono<AppEnv>()
    .openapi(createExport, (c) => {
      filesOf(c)
      const asked = c.req.valid('json')
      const params = { ...asked, filters: filtersOf(reports[asked.resource], asked) }
      return respondWrite(c, [], async (db, { actor }) => {
        const id = await begin(db, actor, params)
        const { json } = onlyRow(await db.run(exportById, { id, actor, seesAll: false }))
        return { status: 202, body: json, headers: { Location: `/api/v1/exports/${id}` } }
      })
    })
    .openapi(listExports, async (c) => {
      const { actor } = c.get('caller')
      const { limit } = c.req.valid('query')
      const found = await c.get('db').run(exportsOfActor, { actor, limit })
      return sent<ExportList>(c, `{"items":[${found.map(({ json }) => json).join()}]}`)
    })
    .openapi(getExport, async (c) => {
      const [found] = await c.get('db').run(exportById, { ...c.req.valid('param'), ...viewerOf(c) })
      if (!found) throw noSuchRow()
      return sent<Export>(c, found.json)
    })
    .openapi(deleteExport, (c) => {
      const { id } = c.req.valid('param')
      return respondWrite(c, [], async (db) => {
        const [removed] = await db.run(removeExport, { id, ...viewerOf(c) })
        if (!removed) throw noSuchRow()
        const { file } = removed
        if (file !== null) db.afterCommit(() => c.get('services').exportFiles?.remove(file))
        return { status: 204 }
      })
    })
    .openapi(downloadExport, async (c) => {
      const { id } = c.req.valid('param')
      const [found] = await c.get('db').run(exportFile, { id, ...viewerOf(c) })
      if (!found) throw noSuchRow()
      return sendFile(c, filesOf(c), id, found)
    })

const viewerOf = (c: Context<AppEnv>): Viewer => {
  const caller = c.get('caller')
  return { actor: caller.actor, seesAll: may(caller, 'admin') }
}

function filesOf(c: Context<AppEnv>): ExportFiles {
  const { exportFiles } = c.get('services')
  if (!exportFiles) throw new AppError('not_found', 'Exports take a disk, which a Worker has not.')
  return exportFiles
}

/** Starts the job and notes whose it is. @throws AppError rate_limited where the caller has too many under way */
async function begin(
  db: TransactionDatabase,
  actor: string,
  params: ExportParams,
): Promise<number> {
  const job = { kind: exportKind, params: JSON.stringify(params), createdBy: actor }
  for (let turn = 1; turn <= mostAtOnce; turn++) {
    // the unique key counts them, also where many are asked for at once
    const [begun] = await db.run(enqueueJob, { ...job, key: `${actor} ${turn}` })
    if (!begun) continue
    const { filters, ...rest } = params
    await db.run(addExport, { id: begun.id, actor, ...rest, filters: JSON.stringify(filters) })
    return Number(begun.id)
  }
  throw new AppError('rate_limited', tooMany, { retryAfter: 10 })
}

const tooMany = `${mostAtOnce} of your exports wait or run: let one end, or delete it.`

/** Each is about its caller: nothing of it is cached here. */
const sent = async <T>(c: Context<AppEnv>, json: JsonText<T> | string) =>
  (await send(c, entryOf(json))) as Response & TypedResponse<T, 200, 'json'>
