import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { tryRun } from '../../../lab/host/run.js'
import { temporaryFolder } from '../host/fakes.js'

const script = fileURLToPath(new URL('../../../scripts/audit.mjs', import.meta.url))

/** What is known of one package: what a registry answers to all questions about vulnerabilities. */
type Advisories = Record<string, object[]>

/** A registry on loopback; `undefined` as its answer is that it has none. */
async function audit(advisories: Advisories | undefined) {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'application/json')
    if (request.url?.includes('/security/') === true) {
      response.statusCode = advisories === undefined ? 405 : 200
      return void response.end(JSON.stringify(advisories ?? {}))
    }
    // What npm asks of a package that is named: which versions there are.
    const name = decodeURIComponent((request.url ?? '').slice(1))
    const versions = { '1.0.0': { name, version: '1.0.0' } }
    response.end(JSON.stringify({ name, 'dist-tags': { latest: '1.0.0' }, versions }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { exitCode, stdout } = await tryRun(process.execPath, [script], {
    env: {
      npm_config_registry: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      npm_config_cache: await temporaryFolder(),
      npm_config_update_notifier: 'false',
      NO_PROXY: '127.0.0.1',
      no_proxy: '127.0.0.1',
    },
  })
  return { exitCode, lines: stdout.split('\n') }
}

const advisory = (severity: string, name = 'commander'): Advisories => ({
  [name]: [
    { id: 1, url: 'https://advisories.example/1', title: 'it breaks', severity, vulnerable_versions: '*' },
  ],
})

it('tells what is known of what is shipped', { timeout: 60_000 }, async () => {
  expect(await audit({ ...advisory('moderate'), ...advisory('high', 'vitest') })).toEqual({
    exitCode: 0,
    lines: [
      expect.stringMatching(/^npm audit of the program: 1 moderate in \d+ packages$/),
      '  moderate: commander *: it breaks https://advisories.example/1',
      expect.stringMatching(/^npm audit of the gRPC image: nothing known in \d+ packages$/),
    ],
  })
})

it('fails where that is grave', { timeout: 60_000 }, async () => {
  const { exitCode, lines } = await audit(advisory('high'))
  expect(exitCode).toBe(1)
  expect(lines).toContain('  high: commander *: it breaks https://advisories.example/1')
})

it.each(['a peer: cdk8s', 'what a peer brings along: follow-redirects'])(
  'asks also for %s',
  { timeout: 60_000 },
  async (text) => {
    const name = text.slice(text.indexOf(':') + 2)
    const { exitCode, lines } = await audit(advisory('high', name))
    expect(exitCode).toBe(1)
    expect(lines).toContain(`  high: ${name} *: it breaks https://advisories.example/1`)
  },
)

it('goes on where the registry does not answer', { timeout: 60_000 }, async () => {
  expect(await audit(undefined)).toEqual({
    exitCode: 0,
    lines: ['npm audit: the registry does not answer'],
  })
})
