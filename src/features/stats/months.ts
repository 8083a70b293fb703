/** The cohorts asked for, as the first days of their months, `YYYY-MM-01`. */
export type CohortsAsked = { readonly from?: string | undefined; readonly to?: string | undefined }

export const mostCohorts = 120
export const mostMonths = 120
/** How many are answered where `from` is missing, and of how many months where nothing is asked. */
export const defaultCohorts = 12
export const defaultMonths = 12

export const isReversed = (asked: CohortsAsked): boolean => cohortsIn(asked) < 1

export const isTooLong = (asked: CohortsAsked): boolean => cohortsIn(asked) > mostCohorts

/** By the clock here; the statement goes by the database's. */
function cohortsIn({ from, to }: CohortsAsked): number {
  if (from === undefined) return defaultCohorts
  return numberOf(to ?? new Date().toISOString()) - numberOf(from) + 1
}

/** Numbers the months in order. */
const numberOf = (date: string) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7))
