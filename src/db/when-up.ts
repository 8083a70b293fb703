import { fromPostgres, sqlStateOf } from '../errors/postgres.ts'
import { addressOf } from './provide.ts'

/** ms between two tries. */
const pause = 500

/**
 * Does `work` with the database at `url`, and again for `timeout` ms while that cannot be reached; `onWaiting` is
 * called once.
 * @throws a plain sentence with the database's address and the reason
 */
export async function whenUp<T>(
  url: string,
  timeout: number,
  onWaiting: (reason: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + timeout
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const reason = `${addressOf(url)}: ${refusalOf(error) ?? reasonOf(error)}`
      const isDown =
        fromPostgres(error)?.code === 'database_unavailable' && refusalOf(error) === undefined
      if (!isDown || Date.now() > deadline)
        throw new Error(`Cannot use the database ${reason}`, { cause: error })
      if (tries === 1) onWaiting(reason)
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

/** Where the server answers, and would answer the same again: its words, or what to do. */
function refusalOf(error: unknown): string | undefined {
  const state = sqlStateOf(error)
  const reason = reasonOf(error)
  const refused = /unsupported startup parameter: (\w+)/.exec(reason)?.[1]
  if (state === '08P01' && refused)
    return `a connection pooler stands before it and takes no ${refused} from a connection: ${
      refused === 'options' ? 'remove options from DATABASE_URL' : 'set POOLER=transaction'
    }`
  // no such user, password or database
  if (!/^(28|3D)/.test(state ?? '')) return undefined
  return /no encryption|SSL off/.test(reason)
    ? `${reason}: add ?sslmode=require to its URL`
    : reason
}

/** For people; postgres.js and the system wrap it, or say it by a code alone. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return error.name === 'AppError' && cause instanceof Error ? reasonOf(cause) : error.message
}
