/**
 * Posts new comments for so many seconds, each of a post and an author at random and with a key of its own, and prints what autocannon
 * measured: `node post-load.js URL SECONDS CLIENTS POSTS USERS [ITEMS]`, one comment to a request or so many in bulk.
 */
import { randomUUID } from 'node:crypto'
import autocannon from 'autocannon'

const [url, seconds, clients, posts, users, items] = process.argv.slice(2)
const upTo = (most) => 1 + Math.floor(Math.random() * Number(most))
const words =
  'A comment of some usual length, which says "something" about the post and goes on for a while, as they do.'
const comment = () => ({ postId: upTo(posts), authorId: upTo(users), body: words })
const bulk = () => JSON.stringify({ items: Array.from({ length: Number(items) }, comment) })
// made before: what takes long here is not the server's
const bodies = items ? Array.from({ length: 4 }, bulk) : undefined
const bodyOf = () => bodies?.[upTo(4) - 1] ?? JSON.stringify(comment())

const measured = await autocannon({
  url,
  duration: Number(seconds),
  connections: Number(clients),
  timeout: 60,
  requests: [
    {
      method: 'POST',
      setupRequest: (request) => ({
        ...request,
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
        body: bodyOf(),
      }),
    },
  ],
})
process.stdout.write(JSON.stringify(measured))
