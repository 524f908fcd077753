import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { externalCommand, parseExternal } from '../../../lab/observe/external-script.js'

const target = {
  ...{ service: {}, key: 'default/db', fqdn: 'db.default.svc', addresses: [], reserved: false },
  ports: [
    { port: 5432, postgres: true },
    { port: 80, postgres: false },
  ],
}

let tools = ''
beforeAll(() => {
  tools = mkdtempSync(join(tmpdir(), 'external-'))
  const tool = (name: string, script: string): void => {
    writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(tools, name), 0o755)
  }
  tool('getent', 'for a in 10.0.0.1 10.0.0.2; do echo "$a STREAM $2"; echo "$a DGRAM"; echo "$a RAW"; done')
  tool('pg_isready', '[ "$3" = 10.0.0.1 ] || exit 2')
  tool('nc', '[ "$2" = 10.0.0.2 ]')
})
afterAll(() => rmSync(tools, { recursive: true }))

test('the script is always the same; what differs are its arguments', () => {
  const [, , script, ...args] = externalCommand(target)
  expect(script).not.toContain('db.default.svc')
  expect(args).toEqual(['sh', 'db.default.svc', 'postgres', '5432', 'tcp', '80'])
})

test('every address of the name is asked at every port, a Postgres as one', () => {
  const [sh = '', ...args] = externalCommand(target)
  const output = execFileSync(sh, args, { env: { PATH: `${tools}:/usr/bin:/bin` }, encoding: 'utf8' })
  const seen = parseExternal(output).map(({ address, port, answered }) => `${address}:${port} ${answered}`)
  expect(seen.sort()).toEqual([
    '10.0.0.1:5432 true',
    '10.0.0.1:80 false',
    '10.0.0.2:5432 false',
    '10.0.0.2:80 true',
  ])
})

test('a name without addresses has no answers; a tool that is not there is no answer', () => {
  expect(parseExternal('')).toEqual([])
  expect(() => parseExternal('10.0.0.1 5432 127\n')).toThrow('the probe image has no pg_isready')
})
