import type { Session, SessionPage } from './schemas.ts'

type Example<Value> = Record<string, { summary: string; value: Value }>

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const sessionPageExamples = {} satisfies Example<SessionPage>

export const sessionExample = {} satisfies Example<Session>
