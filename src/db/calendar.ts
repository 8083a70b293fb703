/** Whether the Gregorian calendar has the day, written YYYY-MM-DD; the year 0000 counts as one. */
export const isDay = (date: string): boolean => {
  const day = Number(date.slice(8))
  return day >= 1 && day <= daysIn(Number(date.slice(0, 4)), Number(date.slice(5, 7)))
}

/** Whether a day has the time, written hh:mm:ss; leap seconds are the caller's. */
export const isTimeOfDay = (time: string): boolean =>
  time.slice(0, 2) <= '23' && time.slice(3, 5) <= '59' && time.slice(6) <= '59'

/**
 * Whether the year is 1 to 9999 in UTC, what RFC 3339 and PostgreSQL both can write: a zone moves an instant at either
 * end out of these years.
 */
export const isInCommonYears = (instant: Date): boolean => {
  const year = instant.getUTCFullYear()
  return year >= 1 && year <= 9999
}

/** Digits of a second's fraction that PostgreSQL keeps: cut here, because it would round. */
export const microseconds = (fraction: string): string => fraction.slice(0, 6)

/** Days of a month; none of a month that does not exist. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  if (month < 1 || month > 12) return 0
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
