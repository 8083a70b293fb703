// Reads .env for what the environment leaves out. Node's own option says on every start that there is no such file.
import { existsSync } from 'node:fs'

if (existsSync('.env')) process.loadEnvFile('.env')
