import type { Comment, CommentPage } from './schemas.ts'

type Example<Value> = Record<string, { summary: string; value: Value }>

/** Answers about a demo community: `demo --users 300 --seed 1 --until 2026-11-21`. */
export const commentPageExamples = {} satisfies Example<CommentPage>

export const commentExample = {} satisfies Example<Comment>
