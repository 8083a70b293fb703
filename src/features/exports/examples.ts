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

const running: Export = { ...waiting, state: 'running', progress: { done: 2000, total: 3000 } }

export const newExportExample = {
  waiting: { summary: 'POST /api/v1/exports', value: waiting },
}

export const exportExample = { running: { summary: 'GET /api/v1/exports/12', value: running } }

export const exportListExamples = {
  one: { summary: 'GET /api/v1/exports', value: { items: [running] } },
}
