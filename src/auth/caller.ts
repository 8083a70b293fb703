/** What a caller may do: `admin` may read and write too. */
export type Scope = 'read' | 'write' | 'admin'

/**
 * Who asks. An answer may depend on the scope and on nothing else of its caller: the cache shares it with every
 * other caller of that scope.
 */
export type Caller = { readonly scope: Scope }

/** The caller of every request while there are no keys: whoever reaches the port may ask for all that is served. */
export const anyone: Caller = { scope: 'admin' }
