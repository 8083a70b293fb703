import { spawn } from 'node:child_process'

/** The program in a process of its own, on a free port. */
export async function startSite(env: Readonly<Record<string, string>>) {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, ['--import', './scripts/preload.js', 'src/node.ts'], {
    env: { PATH, PORT: '0', ...env },
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
  return { url, stop: () => child.kill('SIGKILL') }
}

export type Site = Awaited<ReturnType<typeof startSite>>
