/** The days asked for, as `YYYY-MM-DD`; what is missing follows from what is there. */
export type DaysAsked = {
  readonly date?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export const mostDays = 366

/** From the first to the last day, both included. */
export function daysOf({ date, from, to }: DaysAsked): { from: string; to: string } {
  const today = dateOf(Date.now())
  if (date !== undefined || (from ?? to) === undefined) {
    return { from: date ?? today, to: date ?? today }
  }
  const last = to ?? today
  return { from: from ?? daysBefore(last, 29), to: last }
}

export function isReversed(asked: DaysAsked): boolean {
  const { from, to } = daysOf(asked)
  return from > to
}

export function isTooLong(asked: DaysAsked): boolean {
  const { from, to } = daysOf(asked)
  return Date.parse(to) - Date.parse(from) >= mostDays * day
}

const day = 86_400_000
const firstDate = '0001-01-01'
const dateOf = (time: number) => new Date(time).toISOString().slice(0, firstDate.length)
const daysBefore = (date: string, days: number) =>
  dateOf(Math.max(Date.parse(date) - days * day, Date.parse(firstDate)))
