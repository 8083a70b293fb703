import type { JobPage, JobWithRuns } from './schemas.ts'

type Examples<Value> = Record<string, { summary: string; value: Value }>

const job = {
  id: 1,
  kind: 'audit_partitions',
  state: 'done' as const,
  params: {},
  createdAt: '2026-11-20T03:00:04.123456Z',
  createdBy: 'schedule',
  runAt: '2026-11-20T03:00:04.123456Z',
  attempts: 1,
  progress: { done: 1, total: null },
  isCancelling: false,
  endedAt: '2026-11-20T03:00:05.654321Z',
  result: { rows: 1, steps: ['made audit_log_2027_02 of 0 rows'] },
  error: null,
}

export const jobPageExamples = {
  done: {
    summary: 'GET /api/v1/admin/jobs?state=done',
    value: {
      items: [job],
      metadata: {
        strategy: 'page',
        pageSize: 20,
        hasNext: false,
        hasPrev: false,
        nextCursor: null,
        prevCursor: null,
        total: 1,
        page: 1,
        totalPages: 1,
        asOf: '2026-11-22T02:00:00.000000Z',
      },
    },
  },
} satisfies Examples<JobPage>

export const jobExample = {
  byId: {
    summary: 'GET /api/v1/admin/jobs/1',
    value: {
      ...job,
      runs: [
        {
          id: 1,
          worker: '3f2a90c1',
          startedAt: '2026-11-20T03:00:05.012345Z',
          endedAt: '2026-11-20T03:00:05.654321Z',
          outcome: 'done',
          rows: 1,
          error: null,
        },
      ],
    },
  },
} satisfies Examples<JobWithRuns>

const waiting: JobWithRuns = {
  ...job,
  id: 7,
  kind: 'rebuild',
  state: 'waiting',
  createdBy: 'key:12',
  attempts: 0,
  progress: { done: null, total: null },
  endedAt: null,
  result: null,
  runs: [],
}

export const startedExample = {
  started: { summary: 'POST /api/v1/admin/jobs', value: waiting },
} satisfies Examples<JobWithRuns>

export const cancelledExample = {
  cancelled: {
    summary: 'POST /api/v1/admin/jobs/7/cancel',
    value: { ...waiting, state: 'cancelled', endedAt: '2026-11-20T03:00:05.654321Z' },
  },
} satisfies Examples<JobWithRuns>

export const retriedExample = {
  retried: { summary: 'POST /api/v1/admin/jobs/7/retry', value: waiting },
} satisfies Examples<JobWithRuns>
