/** A record of a file: its cells in the order of the table's columns, or why it has none. */
export type SourceRecord = {
  /** The physical line it starts on, from 1. */
  readonly line: number
} & ({ readonly cells: readonly unknown[]; readonly reason?: never } | { readonly reason: string })

/** Called once for each column of a file, with the name of the table's column it fills: undefined where it is none. */
export type OnColumn = (name: string, of: string | undefined) => void

/** The column in which files of rejected rows tell why; an import passes over it. */
export const reasonColumn = 'rejected_because'
