/** What members of a community do: the tables that grow with time. */
export type Activity = 'posts' | 'comments' | 'sessions'

/** Rows of each table. */
export type DemoCounts = Readonly<Record<'users' | Activity, number>>

export const countsFor = (users: number): DemoCounts => ({
  users,
  posts: 10 * users,
  comments: 50 * users,
  sessions: 10 * users,
})

export const totalOf = ({ users, posts, comments, sessions }: DemoCounts): number =>
  users + posts + comments + sessions
