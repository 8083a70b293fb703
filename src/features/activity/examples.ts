import type { ActivityPage } from './schemas.ts'

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const activityExamples = {
  firstPage: {
    summary: 'GET /api/v1/activity?kind=post,comment&pageSize=1',
    value: {
      items: [
        {
          kind: 'comment',
          id: 15000,
          createdAt: '2026-11-20T23:34:23.010591Z',
          actor: { id: 185, username: 'grace_kaya' },
          post: {
            id: 2974,
            title: 'The best way to start with film photography without spending a fortune',
          },
          excerpt: 'Same here. Please post pictures when it is done. Keep us posted.',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: false,
        nextCursor: '0MR6JYJe-NuJupuAbmV4dHwyMDI2LTExLTIwVDIzOjM0OjIzLjAxMDU5MVp8MXwxNTAwMA',
        prevCursor: null,
        total: 18000,
        page: 1,
        totalPages: 18000,
        asOf: '2026-11-21T05:51:32.884724Z',
      },
    },
  },
  lastPageOfAnAuthor: {
    summary: 'GET /api/v1/activity?authorId=42&after=2026-11-01&pageSize=3&page=2',
    value: {
      items: [
        {
          kind: 'comment',
          id: 14430,
          createdAt: '2026-11-02T13:15:34.863634Z',
          actor: { id: 42, username: 'jonas_weber311' },
          post: { id: 1761, title: 'Photos of film photography' },
          excerpt: 'Same here. It depends on the weather, really. Cheers.',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 3,
        hasNext: false,
        hasPrev: true,
        nextCursor: null,
        prevCursor: 'IJZ69vMVy2D85KKFcHJldnwyMDI2LTExLTAyVDEzOjE1OjM0Ljg2MzYzNFp8MXwxNDQzMA',
        total: 4,
        page: 2,
        totalPages: 2,
        asOf: '2026-11-21T05:51:33.102948Z',
      },
    },
  },
} satisfies Record<string, { summary: string; value: ActivityPage }>
