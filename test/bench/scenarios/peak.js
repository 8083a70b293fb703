// Loaded before a program to tell, at its end, the most memory it held.
process.on('exit', () => console.log(`peak ${process.resourceUsage().maxRSS} kB`))
