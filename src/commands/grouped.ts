/** A number as people read it: 1,234,567. */
export const grouped = (n: number): string => n.toLocaleString('en-US')

/** `1 row`, `1,234 rows`. */
export const counted = (n: number, one: string, many = `${one}s`): string =>
  `${grouped(n)} ${n === 1 ? one : many}`
