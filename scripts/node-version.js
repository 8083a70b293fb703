// Loaded before the program: an older Node cannot read its TypeScript and would say something less helpful.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Shopboard needs Node 22.18 or newer; this is ${process.version}. "npm ci" without --ignore-scripts brings one of its own for "npm start".`,
  )
  process.exit(1)
}
