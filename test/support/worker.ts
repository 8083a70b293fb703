import { createTestHarness, type TestHarness } from 'wrangler'

export type WorkerVariables = Readonly<Record<string, string | number | boolean>>

/** The Worker in workerd, as wrangler.toml describes it, on the database at `databaseUrl`. */
export async function startWorker(
  databaseUrl: string,
  vars: WorkerVariables = {
    AUTH: 'off',
    FOLD_INTERVAL: 60_000,
    CORS_ORIGINS: 'https://app.example',
  },
  secrets: Record<string, string> = { CURSOR_SECRET: 'a secret that only this test knows' },
): Promise<TestHarness> {
  const url = new URL(databaseUrl)
  url.password ||= 'any' // a hyperdrive has one
  Object.assign(process.env, {
    CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE: url.toString(),
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
  })
  const worker = createTestHarness({
    // whoever reaches it may ask, unless a test says otherwise
    workers: [{ configPath: './wrangler.toml', vars: { AUTH: 'off', ...vars }, secrets }],
  })
  await worker.listen()
  return worker
}
