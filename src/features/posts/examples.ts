import type { Post, PostPage } from './schemas.ts'

type Examples<Value> = Record<string, { summary: string; value: Value }>

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const postPageExamples = {
  newest: {
    summary: 'GET /api/v1/posts?pageSize=1',
    value: {
      items: [
        {
          id: 3000,
          title: 'Looking for advice on film photography on a small budget',
          body: 'For some weeks now I have been busy with film photography. The first attempts went badly, and I nearly gave up. Then I slowed down, kept notes, and things improved. What would you do differently?',
          isTruncated: false,
          tags: ['photography', 'question'],
          author: { id: 295, username: 'nora_baker244' },
          commentsCount: 0,
          viewsCount: 0,
          createdAt: '2026-11-20T18:58:23.969551Z',
          updatedAt: '2026-11-20T18:58:23.969551Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: false,
        nextCursor: '6Oo5yo1toY8ZFyN4bmV4dHwyMDI2LTExLTIwVDE4OjU4OjIzLjk2OTU1MVp8MzAwMA',
        prevCursor: null,
        total: 3000,
        page: 1,
        totalPages: 3000,
        asOf: '2026-11-21T23:25:06.159945Z',
      },
    },
  },
  mostDiscussed: {
    summary: 'GET /api/v1/posts?sort=commentsCount&pageSize=1&page=3',
    value: {
      items: [
        {
          id: 1299,
          title: 'Finally happy with home-roasted coffee as a complete beginner',
          body: 'It has been a long road, but I am getting somewhere with home-roasted coffee. Most guides make it look harder than it is. Good tools help, patience helps more. Does it get easier?',
          isTruncated: false,
          tags: [],
          author: { id: 167, username: 'ines-olsen72' },
          commentsCount: 85,
          viewsCount: 0,
          createdAt: '2026-02-14T20:04:51.575372Z',
          updatedAt: '2026-02-14T20:04:51.575372Z',
        },
      ],
      metadata: {
        strategy: 'page',
        pageSize: 1,
        hasNext: true,
        hasPrev: true,
        nextCursor: 'cF62iCA25fQQ95wpbmV4dHw4NXwxMjk5',
        prevCursor: 'ICiOnRsDhWBtfqQccHJldnw4NXwxMjk5',
        total: 3000,
        page: 3,
        totalPages: 3000,
        asOf: '2026-11-21T23:25:06.240054Z',
      },
    },
  },
} satisfies Examples<PostPage>

export const postExample = {
  byId: {
    summary: 'GET /api/v1/posts/42',
    value: {
      id: 42,
      title: 'A beginner’s question about a second-hand telescope in winter',
      body: 'It has been a long road, but I am getting somewhere with a second-hand telescope. There is a club in our town, and their meetings are worth the trip even if you only listen. What would you do differently?',
      isTruncated: false,
      tags: ['astronomy', 'question'],
      metadata: {},
      author: { id: 12, username: 'rosa.blanc680' },
      commentsCount: 2,
      viewsCount: 0,
      createdAt: '2024-07-18T19:15:34.908319Z',
      updatedAt: '2024-07-18T19:15:34.908319Z',
    },
  },
} satisfies Examples<Post>
