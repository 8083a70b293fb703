import type { JobKind } from './jobs/job.ts'

/** Every kind of job there is. */
export const jobKinds: readonly JobKind[] = []
