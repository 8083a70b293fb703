import { activityReport } from './features/activity/report.ts'
import { commentsReport } from './features/comments/routes.ts'
import type { Reports } from './features/exports/job.ts'
import { postsReport } from './features/posts/routes.ts'
import { sessionsReport } from './features/sessions/routes.ts'
import { trendsReport } from './features/stats/trends-asked.ts'
import { usersReport } from './features/users/routes.ts'

/** All that can be exported. */
export const reports: Reports = {
  users: usersReport,
  posts: postsReport,
  comments: commentsReport,
  sessions: sessionsReport,
  activity: activityReport,
  trends: trendsReport,
}
