/** The newest matches that are ranked. */
export const mostRanked = 1000
/** Matches that are counted, one by one: 1.7 µs each. */
export const mostCounted = 10_000
/** Rows that the index of words goes through, at 0.1 µs, and the newest rows that it is asked about. */
export const mostIndexed = 60_000
export const mostRecent = 200_000
/** Rows that are looked at one after the other: 1.5 µs each. */
export const mostWalked = 10_000
