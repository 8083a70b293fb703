export const intervals = ['hour', 'day', 'week', 'month'] as const
export type Interval = (typeof intervals)[number]

export const mostBuckets = 1000
export const tooManyBuckets = {
  path: 'interval',
  message: `must cut the time from \`from\` to \`to\` into at most ${mostBuckets} buckets`,
}

/** How many buckets are answered where `from` is missing. */
export const defaultBuckets = { hour: 24, day: 30, week: 12, month: 12 } as const satisfies Record<
  Interval,
  number
>

type Asked = {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly interval: Interval
  readonly tz: string
}

/**
 * A lower bound of the number of buckets, to refuse without asking the database. Exact in UTC; another zone's cuts
 * may skip an hour or a day, so the statement counts them once more.
 */
export function leastBuckets({ from, to, interval, tz }: Asked): number {
  if (from === undefined) return 0
  const first = bucketNumber[interval](Date.parse(from))
  const last = bucketNumber[interval]((to === undefined ? Date.now() : Date.parse(to)) - 1)
  return last - first + 1 - (tz === 'UTC' ? 0 : 2)
}

const hour = 3_600_000
/** Time zero was a Thursday. */
const monday = -3 * 24

/** Numbers the buckets of UTC in order, by a time in ms. */
const bucketNumber: Record<Interval, (time: number) => number> = {
  hour: (time) => Math.floor(time / hour),
  day: (time) => Math.floor(time / hour / 24),
  week: (time) => Math.floor((time / hour - monday) / (7 * 24)),
  month: (time) => new Date(time).getUTCFullYear() * 12 + new Date(time).getUTCMonth(),
}
