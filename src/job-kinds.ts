import { eraseUser } from './features/users/erasure.ts'
import type { JobKind } from './jobs/job.ts'
import { auditPartitions } from './jobs/kinds/audit-partitions.ts'
import { expiredIdempotencyKeys } from './jobs/kinds/expired-idempotency-keys.ts'
import { expiredSessions } from './jobs/kinds/expired-sessions.ts'
import { foldRollups } from './jobs/kinds/fold.ts'
import { jobHistory } from './jobs/kinds/job-history.ts'
import { rebuildRollups } from './jobs/kinds/rebuild.ts'

/** Every kind of job there is. */
export const jobKinds: readonly JobKind[] = [
  auditPartitions,
  eraseUser,
  expiredIdempotencyKeys,
  expiredSessions,
  foldRollups,
  jobHistory,
  rebuildRollups,
]
