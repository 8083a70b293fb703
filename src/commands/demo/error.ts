/** The database cannot take a demo community: a sentence for whoever asked. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
}
