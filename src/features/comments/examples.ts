import type { Comment, CommentPage } from './schemas.ts'

type Examples<Value> = Record<string, { summary: string; value: Value }>

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const commentPageExamples = {
  ofAPost: {
    summary: 'GET /api/v1/comments?postId=42&order=asc&pageSize=2',
    value: {
      items: [
        {
          id: 374,
          postId: 42,
          author: { id: 2, username: 'elifquinn' },
          body: 'I had the same problem. I gave up twice and came back twice.',
          isTruncated: false,
          createdAt: '2024-09-07T04:41:53.115550Z',
          updatedAt: '2024-09-07T04:41:53.115550Z',
        },
        {
          id: 2878,
          postId: 42,
          author: { id: 50, username: 'lea-kim2' },
          body: 'Same here. Keep a notebook, you will be glad of it later. Have fun with it.',
          isTruncated: false,
          createdAt: '2025-07-14T18:40:48.145394Z',
          updatedAt: '2025-07-14T18:40:48.145394Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 2,
        hasNext: false,
        hasPrev: false,
        nextCursor: null,
        prevCursor: null,
        total: 2,
        page: 1,
        totalPages: 1,
        asOf: '2026-11-21T23:25:06.299958Z',
      },
    },
  },
  ofAnAuthor: {
    summary: 'GET /api/v1/comments?authorId=42&createdAfter=2026-11-01&pageSize=1',
    value: {
      items: [
        {
          id: 14691,
          postId: 2813,
          author: { id: 42, username: 'jonas_weber311' },
          body: 'This made my day. A thermometer solves half of it. Keep us posted.',
          isTruncated: false,
          createdAt: '2026-11-11T15:00:12.095610Z',
          updatedAt: '2026-11-11T15:00:12.095610Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: false,
        nextCursor: 'HwZwJuZ4jACNa41nbmV4dHwyMDI2LTExLTExVDE1OjAwOjEyLjA5NTYxMFp8MTQ2OTE',
        prevCursor: null,
        total: 3,
        page: 1,
        totalPages: 3,
        asOf: '2026-11-21T23:25:06.311675Z',
      },
    },
  },
} satisfies Examples<CommentPage>

export const commentExample = {
  byId: {
    summary: 'GET /api/v1/comments/42',
    value: {
      id: 42,
      postId: 5,
      author: { id: 1, username: 'nora.petrov280' },
      body: 'I am not so sure. Mine looks exactly like yours. Good luck!',
      isTruncated: false,
      createdAt: '2024-06-03T18:00:00.448095Z',
      updatedAt: '2024-06-03T18:00:00.448095Z',
    },
  },
} satisfies Examples<Comment>
