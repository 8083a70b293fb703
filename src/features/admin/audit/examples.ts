import type { AuditPage } from './schemas.ts'

export const auditPageExamples = {
  ofARow: {
    summary: 'GET /api/v1/admin/audit?table=posts&rowId=42',
    value: {
      items: [
        {
          id: 1,
          at: '2026-11-20T10:15:30.123456Z',
          actor: 'key:12',
          action: 'update',
          table: 'posts',
          rowId: 42,
          old: { title: 'A draft' },
          new: { title: 'The thing itself' },
          requestId: '7d2a6b0c-6c1f-4b54-9f0e-0c3a3c1d2e4f',
          address: '192.0.2.7',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 20,
        hasNext: false,
        hasPrev: false,
        nextCursor: null,
        prevCursor: null,
        total: null,
        page: 1,
        totalPages: null,
        asOf: '2026-11-22T02:00:00.000000Z',
      },
    },
  },
} satisfies Record<string, { summary: string; value: AuditPage }>
