/** Says where the OpenAPI document breaks a rule of Redocly's or Spectral's; a warning is a fault too: exit code 1. */
import { openApiText, redoclyFaults, spectralFaults } from '../test/support/openapi.ts'

const text = await openApiText()
const faults = [...(await redoclyFaults(text)), ...(await spectralFaults(text))]
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
else console.log('OpenAPI document: nothing to mend for Redocly and Spectral')
