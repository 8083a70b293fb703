/** A record of a file: its cells in the order of the table's columns, or why it has none. */
export type SourceRecord = {
  /** The physical line it starts on, from 1. */
  readonly line: number
  /** As JSON where the record could be read, else the line as it stands. */
  readonly original: () => string
} & ({ readonly cells: readonly unknown[]; readonly reason?: never } | { readonly reason: string })

/** Called once for each column of a file that is not the table's. */
export type OnUnknownColumn = (column: string) => void
