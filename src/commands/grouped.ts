/** A number as people read it: 1,234,567. */
export const grouped = (n: number): string => n.toLocaleString('en-US')
