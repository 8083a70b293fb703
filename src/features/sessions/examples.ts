import type { Session, SessionPage } from './schemas.ts'

type Examples<Value> = Record<string, { summary: string; value: Value }>

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const sessionPageExamples = {
  lastSeen: {
    summary: 'GET /api/v1/sessions?sort=lastSeenAt&pageSize=1',
    value: {
      items: [
        {
          id: 3000,
          user: { id: 185, username: 'grace_kaya' },
          createdAt: '2026-11-20T21:55:33.624803Z',
          lastSeenAt: '2026-11-20T22:07:38.433786Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: false,
        nextCursor: 'ce1NU12TZ2HVvgN-bmV4dHwyMDI2LTExLTIwVDIyOjA3OjM4LjQzMzc4Nlp8MzAwMA',
        prevCursor: null,
        total: 3000,
        page: 1,
        totalPages: 3000,
        asOf: '2026-11-21T23:25:06.338311Z',
      },
    },
  },
  ofAUser: {
    summary: 'GET /api/v1/sessions?userId=42&order=asc&pageSize=1&page=2',
    value: {
      items: [
        {
          id: 197,
          user: { id: 42, username: 'jonas_weber311' },
          createdAt: '2025-01-22T18:39:10.631419Z',
          lastSeenAt: '2025-01-22T18:47:17.667753Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: true,
        nextCursor: 'CtYiqUcw0Twg2CMPbmV4dHwyMDI1LTAxLTIyVDE4OjM5OjEwLjYzMTQxOVp8MTk3',
        prevCursor: '7xZfCxzFK2nKtUehcHJldnwyMDI1LTAxLTIyVDE4OjM5OjEwLjYzMTQxOVp8MTk3',
        total: 55,
        page: 2,
        totalPages: 55,
        asOf: '2026-11-21T23:25:06.355100Z',
      },
    },
  },
} satisfies Examples<SessionPage>

export const sessionExample = {
  byId: {
    summary: 'GET /api/v1/sessions/42',
    value: {
      id: 42,
      user: { id: 2, username: 'elifquinn' },
      createdAt: '2024-07-15T14:53:43.168040Z',
      lastSeenAt: '2024-07-15T14:58:29.272638Z',
    },
  },
} satisfies Examples<Session>
