/** The database cannot take a demo community, or the work was interrupted: a sentence for whoever asked. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
}
