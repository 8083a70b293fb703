import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Compress } from '../http/encoding.ts'

const brotli = promisify(brotliCompress)
const gzipped = promisify(gzip)

/**
 * A page of 20 items leaves a third, of 100 a fifth. Brotli 3 takes 71 and 150 µs for that, 4 takes 91 and 313 for
 * half a percent less; gzip 4 takes 44 and 270 µs, 6 takes 47 and 315.
 */
export const compress: Compress = (text, encoding) =>
  encoding === 'br'
    ? brotli(text, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 3,
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        },
      })
    : gzipped(text, { level: 4 })
