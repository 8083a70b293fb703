import type { User, UserPage } from './schemas.ts'

type Examples<Value> = Record<string, { summary: string; value: Value }>

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const userPageExamples = {
  byName: {
    summary: 'GET /api/v1/users?sort=username&pageSize=2',
    value: {
      items: [
        {
          id: 84,
          username: 'ada-smith',
          isActive: true,
          isAdmin: false,
          lastSeenAt: '2025-06-17T11:29:04.409819Z',
          createdAt: '2025-06-01T23:50:13.844958Z',
          updatedAt: '2025-06-01T23:50:13.844958Z',
        },
        {
          id: 237,
          username: 'ada.meyer119',
          isActive: true,
          isAdmin: false,
          lastSeenAt: '2026-11-20T23:59:59.999000Z',
          createdAt: '2026-07-11T14:45:33.844251Z',
          updatedAt: '2026-07-11T14:45:33.844251Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 2,
        hasNext: true,
        hasPrev: false,
        nextCursor: 'YbwOCiOhe_7dfDZcbmV4dHxhZGEubWV5ZXIxMTl8MjM3',
        prevCursor: null,
        total: 300,
        page: 1,
        totalPages: 150,
        asOf: '2026-11-21T23:25:06.393183Z',
      },
    },
  },
  admins: {
    summary: 'GET /api/v1/users?isAdmin=true&createdBefore=2026-01-01&pageSize=1',
    value: {
      items: [
        {
          id: 1,
          username: 'nora.petrov280',
          isActive: true,
          isAdmin: true,
          lastSeenAt: '2026-11-20T23:59:59.999000Z',
          createdAt: '2024-03-23T23:28:13.213631Z',
          updatedAt: '2024-03-23T23:28:13.213631Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: false,
        hasPrev: false,
        nextCursor: null,
        prevCursor: null,
        total: 1,
        page: 1,
        totalPages: 1,
        asOf: '2026-11-21T23:25:06.404814Z',
      },
    },
  },
} satisfies Examples<UserPage>

export const userExample = {
  byId: {
    summary: 'GET /api/v1/users/42',
    value: {
      id: 42,
      username: 'jonas_weber311',
      isActive: true,
      isAdmin: false,
      lastSeenAt: '2026-11-20T23:59:59.999000Z',
      preferences: {},
      createdAt: '2024-12-26T18:52:50.623634Z',
      updatedAt: '2024-12-26T18:52:50.623634Z',
    },
  },
} satisfies Examples<User>
