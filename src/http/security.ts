import type { Scope } from '../auth/caller.ts'

/** The scope a route takes, as its `security`: of any other caller it is refused. Every route says it. */
export const requires = (scope: Scope) => [{ key: [scope] }]
