import { readFile } from 'node:fs/promises'
import { systemCodeOf } from '../errors/system.ts'

/** The URL with the certificates and the key themselves where it names files of them. @throws a plain sentence */
export async function withCertificates(url: string): Promise<string> {
  const texts = await Promise.all(
    [...url.matchAll(named)].map(async ([, name = '', encoded = '']) => {
      const path = decodeURIComponent(encoded)
      if (path === 'system' || path.startsWith('-----BEGIN')) return encoded
      return encodeURIComponent(await read(name, path))
    }),
  )
  return url.replace(named, (_, name) => `${name}=${texts.shift()}`)
}

const named = /(?<=[?&])(sslrootcert|sslcert|sslkey)=([^&]+)/g

async function read(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(
      `The ${name} of the database's URL cannot be read: ${systemCodeOf(error)}, ${path}`,
    )
  }
}
