import type { SearchPage } from './schemas.ts'

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const searchExamples = {
  posts: {
    summary: 'GET /api/v1/search?q=%22film+photography%22+-fortune&sort=recent&pageSize=1',
    value: {
      items: [
        {
          type: 'post',
          id: 3000,
          title: 'Looking for advice on film photography on a small budget',
          headline:
            'Looking for advice on <mark>film</mark> <mark>photography</mark> on a small budget\nFor some weeks now I have been busy with <mark>film</mark> <mark>photography</mark>. The first attempts went',
          author: { id: 295, username: 'nora_baker244' },
          createdAt: '2026-11-20T18:58:23.969551Z',
          rank: 0.220199849,
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: false,
        nextCursor: 'f6oViASiBltr52DMbmV4dHwyMDI2LTExLTIyVDAwOjAwOjAwLjAwMDAwMFp8',
        prevCursor: null,
        total: 106,
        page: 1,
        totalPages: 106,
        asOf: '2026-11-21T23:24:14.587752Z',
        ranked: 106,
        matches: 106,
        isExact: true,
        since: null,
      },
      counts: { posts: 106, users: 0 },
    },
  },
  users: {
    summary: 'GET /api/v1/search?q=weber&type=users&pageSize=1',
    value: {
      items: [
        {
          type: 'user',
          id: 277,
          username: 'rosa.weber',
          headline: 'rosa.<mark>weber</mark>',
          createdAt: '2026-10-04T20:09:00.946368Z',
          rank: 0.375,
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: false,
        nextCursor: 'ERUuYeood4O1V-s-bmV4dHwyMDI2LTExLTIyVDAwOjAwOjAwLjAwMDAwMFp8',
        prevCursor: null,
        total: 8,
        page: 1,
        totalPages: 8,
        asOf: '2026-11-21T23:24:14.751975Z',
        ranked: 8,
        matches: 8,
        isExact: true,
        since: null,
      },
      counts: { posts: 0, users: 8 },
    },
  },
} satisfies Record<string, { summary: string; value: SearchPage }>
