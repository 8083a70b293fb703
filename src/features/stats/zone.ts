/**
 * Whether PostgreSQL knows the name as a time zone's, asked of the runtime's own copy of the same database. Names
 * without an area are left out (UTC and GMT aside): there PostgreSQL sees abbreviations and POSIX rules.
 */
export const isZone = (name: string): boolean =>
  /^(UTC|GMT|(?!SystemV\/|US\/Pacific-New$)[a-z]+(\/[a-z0-9_+-]+){1,2})$/i.test(name) &&
  isKnown(name)

function isKnown(timeZone: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone }) !== undefined
  } catch {
    return false
  }
}
