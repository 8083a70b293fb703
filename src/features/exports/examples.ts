import type { Export } from './schemas.ts'

const waiting: Export = {
  id: 12,
  state: 'waiting',
  progress: { done: 0, total: null },
  resource: 'posts',
  format: 'csv',
  filters: { createdAfter: '2026-01-01' },
  isCompressed: true,
  size: null,
  error: null,
  createdAt: '2026-11-21T08:00:00.000000Z',
  finishedAt: null,
  expiresAt: null,
}

const done: Export = {
  ...waiting,
  state: 'done',
  progress: { done: 3000, total: 3000 },
  size: 146_515,
  finishedAt: '2026-11-21T08:00:02.418233Z',
  expiresAt: '2026-11-22T08:00:02.418233Z',
}

export const newExportExample = {
  waiting: { summary: 'POST /api/v1/exports', value: waiting },
}

export const exportExample = { done: { summary: 'GET /api/v1/exports/12', value: done } }

export const exportListExamples = {
  none: { summary: 'GET /api/v1/exports', value: { items: [] } },
}
