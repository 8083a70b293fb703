/**
 * What `work` resolves to, if it does within `limit` ms. `work` itself goes on when it is late.
 * @throws an Error when it is late, else what `work` threw
 */
export async function withTimeLimit<T>(limit: number, work: () => PromiseLike<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`Not done within ${limit} ms`)), limit)
  try {
    return await Promise.race([work(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
