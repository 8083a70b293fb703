/** ms */
const units: Readonly<Record<string, number>> = {
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** The instant that `90d`, `12h`, `2w` from `now` or a time of the calendar names, in RFC 3339; undefined where it names none ahead. */
export function expiryOf(text: string, now: number): string | undefined {
  const [, number, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? []
  const isCalendar = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i.test(text)
  const at = number
    ? now + Number(number) * (units[unit] ?? 0)
    : isCalendar
      ? Date.parse(text)
      : Number.NaN
  return at > now && at < Date.UTC(10_000, 0) ? new Date(at).toISOString() : undefined
}
