import { type Scope, scopes } from '../db/keys.ts'

export { type Scope, scopes }

/** Who asks. An answer may depend on the scopes and on nothing else of its caller: the cache shares it among callers alike. */
export type Caller = {
  /** Names the caller in the audit log: `key:12`, `jwt:subject`, or `anyone`. */
  readonly actor: string
  /** In the order of `scopes`, each once. */
  readonly scopes: readonly Scope[]
}

/** The caller of every request while authentication is off: whoever reaches the port may ask for all that is served. */
export const anyone: Caller = { actor: 'anyone', scopes: ['admin'] }

export const may = ({ scopes: own }: Caller, scope: Scope): boolean =>
  own.includes(scope) || own.includes('admin')

/** Those that are among `names`, which may have others and repeat them. */
export const scopesAmong = (names: readonly string[]): Scope[] =>
  scopes.filter((scope) => names.includes(scope))
