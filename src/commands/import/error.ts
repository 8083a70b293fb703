/** A reason to stop the import that the one who runs it can act on; nothing was imported. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}
