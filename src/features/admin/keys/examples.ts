export const keyPageExamples = {
  none: {
    summary: 'GET /api/v1/admin/keys',
    value: { items: [], metadata: { pageSize: 20, hasNext: false, nextCursor: null } },
  },
}

export const newKeyExample = {
  made: {
    summary: 'POST /api/v1/admin/keys',
    value: {
      id: 2,
      name: 'dashboard',
      prefix: 'sb_pFEAQn0S',
      scopes: ['read' as const],
      createdAt: '2026-11-22T02:10:24.417205Z',
      createdBy: 'key:1',
      expiresAt: '2027-11-22T00:00:00.000000Z',
      revokedAt: null,
      lastUsedAt: null,
      key: 'sb_pFEAQn0SE4sPsSKrbfP5QeGPKJkguoWV3L3jbYtTidb4a6zd1',
    },
  },
}
