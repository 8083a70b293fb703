#!/usr/bin/env node
// JavaScript, because Node reads no TypeScript below node_modules. A package holds dist/, a checkout src/.
import { existsSync } from 'node:fs'
import '../scripts/preload.js'

// as `npm start` does; what the environment has stays
if (existsSync('.env')) process.loadEnvFile('.env')

const source = new URL('../src/cli.ts', import.meta.url)
await import(existsSync(source) ? source : new URL('../dist/cli.js', import.meta.url))
