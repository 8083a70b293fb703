/**
 * Time is drawn evenly, in days since 1970, and then bent: crowded around Sunday noon, then around 19:00 UTC.
 * It never turns back, so what comes first in even days comes first in the community.
 */
const week = { bend: 0.28, turn: (2 * Math.PI) / 7, shift: 0 }
const day = { bend: 0.13, turn: 2 * Math.PI, shift: -1.822 }
const msPerDay = 86_400_000

/** A stretch of time, in even days. */
export type Span = { readonly from: number; readonly to: number }

const days = 1000

/** The 1,000 days that end with `until`. */
export const spanUntil = (until: Date): Span => ({
  from: evenDay(+until - days * msPerDay),
  to: evenDay(+until - 1),
})

/** The even day that bends to an instant (ms since 1970), found by halving. */
function evenDay(instant: number): number {
  const bent = (at: number, { bend, turn, shift }: typeof day) =>
    at + bend * Math.sin(turn * at + shift)
  let [low, high] = [instant / msPerDay - 1, instant / msPerDay + 1]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (bent(bent(middle, week), day) * msPerDay < instant) low = middle
    else high = middle
  }
  return low
}

/** As a SQL function of the session: `pg_temp.instant(even_day)`. */
export const instantFunction = `
  create function pg_temp.instant(even_day float8) returns timestamptz
  language sql immutable parallel safe
  return to_timestamp(${bentSql(bentSql('even_day', week), day)} * 86400);`

function bentSql(at: string, { bend, turn, shift }: typeof day): string {
  return `(${at} + ${bend} * sin(${turn} * ${at} + ${shift}))`
}
