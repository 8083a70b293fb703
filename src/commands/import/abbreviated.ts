/** Names that are listed for people, the rest is a number. */
const most = 10

/** `a, b, c`, of many the first ten, and of a name no more than 40 characters. */
export function abbreviated(names: readonly string[]): string {
  const shown = names
    .slice(0, most)
    .map((name) => (name.length > 40 ? `${name.slice(0, 40)}…` : name))
    .join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}
