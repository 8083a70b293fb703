import { sql } from 'drizzle-orm'
import { keyOfAnother, stillRunning } from '../errors/error.ts'
import { sqlStateOf } from '../errors/postgres.ts'
import type { RequestDatabase, TransactionDatabase } from './database.ts'
import { type Placeholders, statement } from './statement.ts'
import { withTimeLimit } from './time-limit.ts'

/** A call that is answered once. */
export type Call = {
  /** Who calls, and the key. */
  readonly call: string
  /** Of what is asked, SHA-256 in hex: another with the same key is refused. */
  readonly fingerprint: string
}

/** What is sent, and sent again. */
export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

type StoredAnswer = Answer & { readonly isSame: boolean }

const hashOf = ({ call }: Placeholders<Pick<Call, 'call'>>) =>
  sql`sha256(convert_to(${call}::text, 'UTF8'))`

/** Held until the transaction ends. Other locks of the database have numbers made in the same way, or small ones. */
const lockCall = statement(
  'lock_call',
  { reads: [] },
  (_, { call }: Placeholders<Pick<Call, 'call'>>) => sql<{ locked: string }>`
    select pg_advisory_xact_lock(hashtextextended('idempotency ' || ${call}::text, 0))::text as locked`,
)

const answerOf = statement(
  'answer_of_call',
  { reads: [] },
  (_, asked: Placeholders<Call>) => sql<StoredAnswer>`
    select status, headers, body, fingerprint = decode(${asked.fingerprint}, 'hex') as "isSame"
    from shopboard.idempotency_keys where call = ${hashOf(asked)} and created_at > now() - interval '24 hours'`,
)

type Stored = Call & {
  readonly answerStatus: number
  readonly answerHeaders: string
  readonly answerBody: string | null
}

/** In the place of one that has expired, and is not deleted yet. */
const storeAnswer = statement(
  'store_answer_of_call',
  { reads: [] },
  (_, asked: Placeholders<Stored>) => sql<never>`
    insert into shopboard.idempotency_keys as kept (call, fingerprint, status, headers, body)
    values (
      ${hashOf(asked)}, decode(${asked.fingerprint}, 'hex'), ${asked.answerStatus}::int, ${asked.answerHeaders}::text::jsonb, ${asked.answerBody}::text
    )
    on conflict (call) do update set
      fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = excluded.status, headers = excluded.headers, body = excluded.body`,
)

export type Answered = { readonly answer: Answer; readonly isReplayed: boolean }

type Work = (db: TransactionDatabase) => Promise<Answer>

/** ms that what was begun in vain has to end, before it is cancelled. */
const grace = 100

/**
 * Answers a call by `work`, in one transaction with the answer's being stored, or by the answer that is stored already; a
 * call that runs elsewhere is waited for. The first statements of `work` are sent before it is known which it is,
 * unless `isLarge`: where there is an answer, they are rolled back.
 * @throws AppError idempotency_conflict where it waited for lock_timeout, or the answer is another call's
 */
export async function once(
  db: RequestDatabase,
  call: Call,
  work: Work,
  isLarge: boolean,
): Promise<Answered> {
  try {
    const answer = await db.transaction((tx) => answered(tx, call, work, isLarge))
    return { isReplayed: false, answer }
  } catch (error) {
    if (!(error instanceof AnsweredBefore)) throw error
    const { isSame, ...answer } = error.answer
    if (!isSame) throw keyOfAnother()
    return { isReplayed: true, answer }
  }
}

/** Rolls back what was begun in vain. */
class AnsweredBefore extends Error {
  override readonly name = 'AnsweredBefore'
  readonly answer: StoredAnswer
  constructor(answer: StoredAnswer) {
    super()
    this.answer = answer
  }
}

/** Its snapshots are of read committed, whatever the database's default: the look-up sees what was committed until it got the lock. */
async function answered(
  tx: TransactionDatabase,
  call: Call,
  work: Work,
  isLarge: boolean,
): Promise<Answer> {
  const found = find(tx, call)
  const early = isLarge ? await found : undefined
  if (early) throw new AnsweredBefore(early)
  let isInVain = false
  const working = work({
    ...tx,
    async run(query, ...values) {
      if (isInVain) throw new Error('The call is answered already')
      return tx.run(query, ...values)
    },
  })
  working.catch(() => {})
  const stored = await found
  if (stored) {
    isInVain = true
    await withTimeLimit(grace, () => working).catch(() => {})
    throw new AnsweredBefore(stored)
  }
  const answer = await working
  // not awaited: the commit follows in the same packet, and fails where this does
  void tx.run(storeAnswer, {
    ...call,
    answerStatus: answer.status,
    answerHeaders: JSON.stringify(answer.headers),
    answerBody: answer.body,
  })
  return answer
}

async function find(tx: TransactionDatabase, call: Call): Promise<StoredAnswer | undefined> {
  const locked = tx.run(lockCall, call)
  const found = tx.run(answerOf, call)
  await locked.catch((error) => {
    throw sqlStateOf(error) === '55P03' ? stillRunning(error) : error
  })
  const [stored] = await found
  return stored
}
