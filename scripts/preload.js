// Loaded before the program. JavaScript, because an older Node cannot read TypeScript and would not say why.
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Shopboard needs Node 22.18 or newer; this is ${process.version}. In a checkout "npm ci" without --ignore-scripts brings one of its own for "npm start".`,
  )
  process.exit(1)
}
// Measured: loading the program takes a third less time from its second start on.
module.enableCompileCache()

// Node parses a package's package.json anew to learn the format of each of its files, and drizzle's has 180 KB. Told the
// format, it loads drizzle in 0.05 s of CPU instead of 0.54, and the program starts in less than half.
module.registerHooks({
  resolve(specifier, context, nextResolve) {
    const { parentURL, conditions } = context
    const isOfDrizzle =
      /^\.\.?\//.test(specifier) &&
      parentURL?.includes('/node_modules/drizzle-orm/') &&
      conditions.includes('import')
    if (!isOfDrizzle) return nextResolve(specifier, context)
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
  },
})
