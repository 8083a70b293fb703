import type { User, UserPage } from './schemas.ts'

type Example<Value> = Record<string, { summary: string; value: Value }>

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const userPageExamples = {} satisfies Example<UserPage>

export const userExample = {} satisfies Example<User>
