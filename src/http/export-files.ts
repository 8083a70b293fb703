/** A file, or a part of it: from byte `start` to `end`, both included. */
export type ExportRange = { readonly start: number; readonly end: number }

export type StoredExport = {
  /** bytes */
  readonly size: number
  /** Opens the file when it is first read from. */
  readonly read: (range: ExportRange) => ReadableStream<Uint8Array<ArrayBuffer>>
}

/** Where a server keeps the files of exports. */
export type ExportFiles = {
  /**
   * Writes a file of its own: under its name once all of it is on the disk, and not at all when that fails or `signal` aborts.
   * @returns its bytes
   */
  readonly write: (
    name: string,
    texts: AsyncIterable<string>,
    options: { readonly isCompressed: boolean; readonly signal: AbortSignal },
  ) => Promise<number>
  /** Undefined where it is not here. */
  readonly find: (name: string) => Promise<StoredExport | undefined>
  readonly remove: (name: string) => Promise<void>
}
