import { createRequire } from 'node:module'

/** Version of this program. */
export function version(): string {
  return (createRequire(import.meta.url)('headless-lab/package.json') as { version: string }).version
}
