import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../../http/context.ts'
import { requestHeaders } from '../../../http/contract.ts'
import { type List, respondList } from '../../../http/paging/list.ts'
import { read } from '../../../http/responses.ts'
import { requires } from '../../../http/security.ts'
import { auditPageExamples } from './examples.ts'
import { auditFilters, auditPages } from './queries.ts'
import { type AuditEntry, auditPageSchema, auditQuery } from './schemas.ts'

const list: List<null> = {
  name: 'audit',
  pages: auditPages,
  filters: auditFilters,
  isFoundByFirst: true,
  isPassedOver: () => true,
}

const listAudit = createRoute({
  method: 'get',
  path: '/admin/audit',
  operationId: 'listAudit',
  security: requires('admin'),
  tags: ['Admin'],
  summary: 'Who changed what, when',
  description:
    'Newest first. Goes on by `cursor`; jumps by `page` up to 1,000 rows in. Nobody counts the log: `total` is null.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: auditQuery },
  responses: read(
    {
      description: 'A page of the audit log',
      schema: auditPageSchema,
      examples: auditPageExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
})

/** Mounted under /api/v1. */
export const audit = new OpenAPIHono<AppEnv>().openapi(listAudit, (c) =>
  respondList<AuditEntry, null>(c, list, { ...c.req.valid('query'), sort: 'createdAt' }),
)
