/** What a caller may do: `admin` may read and write too. */
export type Scope = 'read' | 'write' | 'admin'

/** Who asks. An answer may depend on the scopes and on nothing else of its caller: the cache shares it among callers alike. */
export type Caller = {
  /** Names the caller in the audit log: `key:12`, `jwt:subject`, or `anyone`. */
  readonly actor: string
  readonly scope: Scope
}

/** The caller of every request while authentication is off: whoever reaches the port may ask for all that is served. */
export const anyone: Caller = { actor: 'anyone', scope: 'admin' }
