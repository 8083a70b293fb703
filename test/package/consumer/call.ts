import { type Client, createClient } from 'shopboard/client'

/** What a frontend asks, and what it may rely on by its types. */
export async function summary(url: string): Promise<string> {
  const client: Client = createClient(url)
  const stats = await client.api.v1.dashboard.stats.$get({ query: { window: '30d' } })
  if (stats.status !== 200) throw new Error(`answered ${stats.status}`)
  const { totals } = await stats.json()
  const posts: number = totals.posts

  const feed = await client.api.v1.activity.$get({ query: { kind: 'post', pageSize: '1' } })
  if (!feed.ok) throw new Error(`answered ${feed.status}`)
  const { items } = await feed.json()
  const title: string | null | undefined = items[0]?.post?.title

  const refused = await client.api.v1.activity.$get({ query: { pageSize: '0' } })
  if (refused.status !== 400) throw new Error(`answered ${refused.status}`)
  const problem = await refused.json()
  const code: 'validation_failed' | 'invalid_cursor' = problem.code
  return JSON.stringify({ posts, title, code, errors: problem.errors })
}

export function mistakes(client: Client): void {
  // @ts-expect-error a parameter that no route takes a number for
  void client.api.v1.activity.$get({ query: { pageSize: 50 } })
  // @ts-expect-error an interval there is not
  void client.api.v1.dashboard.trends.$get({ query: { interval: 'decade' } })
  // @ts-expect-error a parameter there is not
  void client.api.v1.activity.$get({ query: { colour: 'red' } })
  // @ts-expect-error a route there is not
  void client.api.v1.nothing
}
