import { hash } from 'node:crypto'
import { type Authenticator, authenticator } from '../auth/authenticator.ts'
import { anyone } from '../auth/caller.ts'
import { type Config, isDoorOpen, openDoor } from '../config.ts'
import { onlyRow } from '../db/bound-statement.ts'
import type { Pool } from '../db/database.ts'
import { hasKey } from '../db/keys.ts'
import { sqlStateOf } from '../errors/postgres.ts'
import type { Services } from '../http/context.ts'
import { jwtJudge } from '../http/jwt.ts'
import { guardLookUp } from '../http/rate-limit.ts'
import { shopboard } from '../invocation.ts'
import type { Observer } from '../observability/observation.ts'

/** How a server knows its callers. */
export type Authentication = Required<Pick<Services, 'callerOf' | 'isOpen' | 'forgetCallers'>> & {
  readonly peek: Authenticator['peek']
  /** For the watcher; none where nobody has to show a key. */
  readonly keys: Pick<Authenticator, 'forget' | 'validate'> | undefined
}

/** ms for which a key stays known, and is taken while the database is away. */
const lifetime = 30_000
/** ms after the last look for changes from which on one may have gone unseen. */
const validFor = 2000
/** ms */
const lookUpTimeout = 2000
/** Keys are looked up on a connection of their own: no request holds what another waits for to be let in. */
const keysPoolSize = 1

const openToAnyone: Authentication = {
  isOpen: true,
  callerOf: () => anyone,
  forgetCallers: () => {},
  peek: () => anyone,
  keys: undefined,
}

export type AuthenticationOptions = {
  readonly config: Config
  readonly open: (size: number, applicationName: string) => Pool
  readonly observe: Observer
  readonly say: (line: string) => void
}

/** Callers by their keys, or with AUTH=off anyone. @throws a sentence where keys cannot be read */
export async function authentication(options: AuthenticationOptions): Promise<Authentication> {
  const { config, open, observe, say } = options
  if (isDoorOpen(config)) say(openDoor)
  if (!config.isAuthenticating) return openToAnyone
  const pool = open(keysPoolSize, 'shopboard keys')
  if (!(await isAnyKey(pool)) && !config.jwt) say(firstKey)
  const known = authenticator({
    lifetime,
    validFor,
    deadline: Math.min(lookUpTimeout, config.requestTimeout),
    digest: (text) => hash('sha256', text, 'hex'),
    judgeToken: config.jwt && jwtJudge(config.jwt),
    onUseFailed: (error) => observe({ type: 'key_use_failed', error }),
  })
  const lookUp = { pool, inBackground: (work: (pool: Pool) => Promise<void>) => void work(pool) }
  return {
    isOpen: false,
    callerOf: (c) =>
      known.callerOf(c.req.header('authorization'), {
        ...lookUp,
        guard: (judge) => guardLookUp(c, judge, ({ caller }) => caller !== undefined),
      }),
    forgetCallers: known.forget,
    peek: known.peek,
    keys: known,
  }
}

const firstKey = `There is no key yet, and nobody is let in without: ${shopboard} keys create --name me --scope admin`

async function isAnyKey(pool: Pool): Promise<boolean> {
  try {
    return onlyRow(await pool.transaction({ access: 'read only' }, (db) => db.run(hasKey))).isThere
  } catch (error) {
    if (sqlStateOf(error) !== insufficientPrivilege) throw error
    throw new Error(rights, { cause: error })
  }
}

const insufficientPrivilege = '42501'
const rights =
  'The role of DATABASE_URL may not read the keys: grant usage on schema shopboard, select on shopboard.keys and shopboard.key_changes, update (last_used_at) on shopboard.keys to it; or set AUTH=off.'
