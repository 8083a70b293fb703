import { spawn } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'

/** The program in a process of its own, on a free port, once it has seen its database. */
export async function startSite(env: Readonly<Record<string, string>>) {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, ['--import', './scripts/preload.js', 'src/node.ts'], {
    env: { PATH, PORT: '0', AUTH: 'off', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      const [, at] = /Shopboard is at (\S+)/.exec(output) ?? []
      if (at) resolve(at)
    })
    child.once('close', () => reject(new Error(`It ended: ${output}`)))
  })
  while (!(await fetch(`${url}/readyz`)).ok) await setTimeout(20)
  return { url, stop: () => child.kill('SIGKILL') }
}

export type Site = Awaited<ReturnType<typeof startSite>>
