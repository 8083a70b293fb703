import { writeFileSync } from 'node:fs'
import { it } from 'vitest'
import { demo } from '../src/commands/demo/demo.ts'
import { createTestApp } from './support/app.ts'
it('x', async () => {
  const app = await createTestApp()
  await demo({ databaseUrl: app.url, users: 300, seed: 1, until: new Date('2026-11-21') })
  const out: Record<string, unknown> = {}
  for (const path of [
    '/api/v1/posts?pageSize=1', '/api/v1/posts?sort=commentsCount&pageSize=1&page=3', '/api/v1/posts/42',
    '/api/v1/comments?postId=42&order=asc&pageSize=2', '/api/v1/comments?authorId=42&createdAfter=2026-11-01&pageSize=1', '/api/v1/comments/42',
    '/api/v1/sessions?sort=lastSeenAt&pageSize=1', '/api/v1/sessions?userId=42&order=asc&pageSize=1&page=2', '/api/v1/sessions/42',
    '/api/v1/users?sort=username&pageSize=2', '/api/v1/users?isAdmin=true&createdBefore=2026-01-01&pageSize=1', '/api/v1/users?search=weber&sort=username&pageSize=1', '/api/v1/users/42',
  ]) out[path] = await (await app.request(path)).json()
  writeFileSync('/tmp/examples.json', JSON.stringify(out, null, 1))
  await app.close()
})
