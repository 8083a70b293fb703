import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { bind, onlyRow } from '../../../db/bound-statement.ts'
import type { Database } from '../../../db/database.ts'
import { conflict, noSuchRow, validationFailed } from '../../../errors/error.ts'
import type { JsonText } from '../../../http/answer.ts'
import type { AppEnv } from '../../../http/context.ts'
import { requestHeaders } from '../../../http/contract.ts'
import { type List, respondList } from '../../../http/paging/list.ts'
import { pathId } from '../../../http/parameters.ts'
import { post, read } from '../../../http/responses.ts'
import { respondRow } from '../../../http/row.ts'
import { requires } from '../../../http/security.ts'
import { takesNoQuery } from '../../../http/validation.ts'
import { respondWrite } from '../../../http/write.ts'
import { type JobKind, newJob } from '../../../jobs/job.ts'
import {
  cancelledExample,
  jobExample,
  jobPageExamples,
  retriedExample,
  startedExample,
} from './examples.ts'
import { cancelJob, jobById, jobFilters, jobPages, retryJob, startJob } from './queries.ts'
import {
  type JobRow,
  type JobWithRuns,
  jobPageSchema,
  jobQuery,
  jobWithRunsSchema,
  newJobSchema,
} from './schemas.ts'

const list: List<number> = {
  name: 'jobs',
  pages: jobPages,
  filters: jobFilters,
  isPassedOver: () => true,
}

const shared = { security: requires('admin'), tags: ['Admin'] }

const listJobs = createRoute({
  ...shared,
  method: 'get',
  path: '/admin/jobs',
  operationId: 'listJobs',
  summary: 'What was done that nobody waits for, and what waits to be done',
  description: 'Newest first. Goes on by `cursor`; jumps by `page`.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: jobQuery },
  responses: read(
    {
      description: 'A page of jobs',
      schema: jobPageSchema,
      examples: jobPageExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
})

const getJob = createRoute({
  ...shared,
  method: 'get',
  path: '/admin/jobs/{id}',
  operationId: 'getJob',
  summary: 'A job and its runs',
  description: 'Jobs that ended are kept for 30 days.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: read(
    { description: 'The job', schema: jobWithRunsSchema, examples: jobExample },
    'not_found',
  ),
})

const cancel = createRoute({
  ...shared,
  method: 'post',
  path: '/admin/jobs/{id}/cancel',
  operationId: 'cancelJob',
  summary: 'Cancel a job',
  description:
    'One that waits is `cancelled` at once. One that runs is told within two seconds; it may still be `done`.',
  parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: post(
    200,
    { description: 'The job as it is now', schema: jobWithRunsSchema, examples: cancelledExample },
    'not_found',
    'conflict',
  ),
})

const retry = createRoute({
  ...shared,
  method: 'post',
  path: '/admin/jobs/{id}/retry',
  operationId: 'retryJob',
  summary: 'Have a job done again',
  description:
    'One that is `dead` or `cancelled` waits again, with five tries; one that waits for its next try waits no longer.',
  parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: post(
    200,
    { description: 'The job as it is now', schema: jobWithRunsSchema, examples: retriedExample },
    'not_found',
    'conflict',
  ),
})

const start = (kinds: readonly JobKind[]) =>
  createRoute({
    ...shared,
    method: 'post',
    path: '/admin/jobs',
    operationId: 'startJob',
    summary: 'Start a job by hand',
    description: kinds.map(({ name, summary }) => `\`${name}\`: ${summary}`).join(' '),
    parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
    middleware: takesNoQuery,
    request: {
      body: {
        required: true,
        content: { 'application/json': { schema: newJobSchema(kinds.map(({ name }) => name)) } },
      },
    },
    responses: post(
      201,
      {
        description: 'The job, which waits',
        schema: jobWithRunsSchema,
        examples: startedExample,
        headers: ['Location'],
      },
      'conflict',
    ),
  })

/** Of these kinds, those that may be started by hand. Mounted under /api/v1. */
export function jobs(all: readonly JobKind[]) {
  const kinds = all.filter(({ isStartable }) => isStartable)
  return new OpenAPIHono<AppEnv>()
    .openapi(listJobs, (c) =>
      respondList<JobRow, number>(c, list, { ...c.req.valid('query'), sort: 'createdAt' }),
    )
    .openapi(getJob, (c) => respondRow<JobWithRuns>(c, bind(jobById, c.req.valid('param'))))
    .openapi(start(kinds), (c) => {
      const { kind: name, params = {} } = c.req.valid('json')
      const kind = kinds.find((each) => each.name === name)
      const values = kind && valuesOf(kind, params)
      return respondWrite<JobWithRuns, 201>(c, [], async (db, origin) => {
        if (!values) throw noSuchRow()
        const [started] = await db.run(startJob, { ...values(origin.actor), ...origin })
        if (!started) throw conflict('One of this kind waits or runs already.')
        const Location = `${c.req.path}/${started.id}`
        return { status: 201, body: await shown(db, started.id), headers: { Location } }
      })
    })
    .openapi(cancel, (c) => change(c, cancelJob, c.req.valid('param').id, endedAlready))
    .openapi(retry, (c) => change(c, retryJob, c.req.valid('param').id, notToBeRetried))
}

/** @throws AppError validation_failed where the kind does not take them */
function valuesOf(kind: JobKind, params: unknown) {
  const read = kind.params.safeParse(params)
  if (read.success) return (actor: string) => newJob(kind, read.data, actor)
  throw validationFailed(
    read.error.issues.map(({ path, message }) => ({
      path: ['params', ...path].join('.'),
      message,
    })),
  )
}

/** @throws AppError not_found; conflict where its state does not allow it */
const change = (
  c: Context<AppEnv>,
  statement: typeof cancelJob,
  id: number,
  refusalOf: (state: string) => string,
) =>
  respondWrite<JobWithRuns, 200>(c, [], async (db, origin) => {
    const [found] = await db.run(statement, { id, ...origin })
    if (!found) throw noSuchRow()
    if (!found.isChanged) throw conflict(refusalOf(found.state))
    return { status: 200, body: await shown(db, id) }
  })

const endedAlready = (state: string) => `It has ended already: it is ${state}.`
const notToBeRetried = (state: string) =>
  state === 'done' || state === 'running'
    ? `It is ${state}.`
    : 'Another of its kind waits or runs already.'

const shown = async (db: Database, id: number) =>
  onlyRow(await db.run(jobById, { id })).json as JsonText<JobWithRuns>
