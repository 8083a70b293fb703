/** Whether the program runs as `npm run build` made it, out of a package, and not as it stands in a checkout. */
export const isPackaged = /\/dist\/invocation\.js$/.test(import.meta.url)

/** How a person reaches the command line from where the program runs: a package has no npm scripts to run. */
export const shopboard = isPackaged ? 'npx shopboard' : 'npm run shopboard --'
