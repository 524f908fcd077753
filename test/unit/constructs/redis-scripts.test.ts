import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  IS_READY,
  MASTER_ATTEMPTS,
  START_REDIS,
  WAIT_FOR_MASTER,
} from '../../../constructs/workloads/redis-scripts.js'

// The scripts run in a real sh; redis-cli, redis-server and sleep are stand-ins found first on the PATH.
let bin: string
beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'redis-scripts-'))
  await stub('sleep', ':')
})
afterEach(() => rm(bin, { recursive: true }))

async function stub(name: string, body: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`)
  await chmod(join(bin, name), 0o755)
}

interface Ended {
  code: number
  lines: string[]
}

function run(script: string, pod: string, ...args: string[]): Promise<Ended> {
  const domain = 'redis-headless.default.svc.cluster.local'
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    BIN: bin,
    POD_NAME: pod,
    MASTER_NAME: 'redis-0',
    MASTER_SHORT: 'redis-0.redis-headless',
    MASTER_FQDN: `redis-0.${domain}`,
    SERVICE_FQDN: domain,
  }
  return new Promise((resolve) => {
    execFile('sh', ['-c', script, 'redis', ...args], { env }, (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), lines: stdout.split('\n').filter((line) => line !== '') })
    })
  })
}

describe('waiting for the master', () => {
  test('a replica asks the master by its whole name and logs the lines of document 001', async () => {
    await stub('redis-cli', 'echo "$@" >> "$BIN/calls"; echo PONG')
    expect(await run(WAIT_FOR_MASTER, 'redis-1')).toEqual({
      code: 0,
      lines: [
        'This is replica redis-1, waiting for master redis-0...',
        'Waiting for redis-0.redis-headless to be ready...',
        'Master redis-0 is ready!',
      ],
    })
    expect(await readFile(join(bin, 'calls'), 'utf8')).toBe(
      '-h redis-0.redis-headless.default.svc.cluster.local -p 6379 ping\n',
    )
  })

  test('the master asks nobody: nobody is there yet', async () => {
    await stub('redis-cli', 'exit 1')
    const { code, lines } = await run(WAIT_FOR_MASTER, 'redis-0')
    expect(code).toBe(0)
    expect(lines).toEqual(['This is master redis-0, it waits for nobody.'])
  })

  test('it goes on asking while the name does not resolve or the master still loads', async () => {
    await stub(
      'redis-cli',
      `echo x >> "$BIN/calls"
case $(wc -l < "$BIN/calls" | tr -d ' ') in
  1) echo 'Could not connect: Name or service not known' >&2; exit 1 ;;
  2) echo 'LOADING Redis is loading the dataset in memory' ;;
  *) echo PONG ;;
esac`,
    )
    const { code, lines } = await run(WAIT_FOR_MASTER, 'redis-2')
    expect(code).toBe(0)
    expect(lines.at(-1)).toBe('Master redis-0 is ready!')
    expect(await readFile(join(bin, 'calls'), 'utf8')).toBe('x\nx\nx\n')
  })

  test('it ends, fails, and its last line says what it waited for and what it heard last', async () => {
    await stub('redis-cli', 'echo x >> "$BIN/calls"; echo "Name or service not known" >&2; exit 1')
    const { code, lines } = await run(WAIT_FOR_MASTER, 'redis-1')
    expect(code).toBe(1)
    expect(lines.at(-1)).toBe(
      `Gave up: master redis-0.redis-headless.default.svc.cluster.local did not answer in ${MASTER_ATTEMPTS} attempts. Last answer: Name or service not known`,
    )
    expect((await readFile(join(bin, 'calls'), 'utf8')).length / 2).toBe(MASTER_ATTEMPTS)
  })
})

describe('starting the server', () => {
  beforeEach(() => stub('redis-server', `printf '<%s>' "$@"`))

  test('a replica announces its own name and replicates from the master by name', async () => {
    const { lines } = await run(START_REDIS, 'redis-1', '--save', '')
    expect(lines).toEqual([
      'Starting as REPLICA (redis-1), replicating from redis-0.redis-headless',
      '<--save><><--replica-announce-ip><redis-1.redis-headless.default.svc.cluster.local>' +
        '<--replicaof><redis-0.redis-headless.default.svc.cluster.local><6379>',
    ])
  })

  test('the master replicates from nobody', async () => {
    const { lines } = await run(START_REDIS, 'redis-0', '--save', '')
    expect(lines).toEqual([
      'Starting as MASTER (redis-0)',
      '<--save><><--replica-announce-ip><redis-0.redis-headless.default.svc.cluster.local>',
    ])
  })
})

describe('readiness', () => {
  test.each([
    ['a master', 'role:master\\r\\nconnected_slaves:2\\r\\n', 0],
    ['a replica that holds the data', 'role:slave\\r\\nmaster_link_status:up\\r\\n', 0],
    ['a replica without its master', 'role:slave\\r\\nmaster_link_status:down\\r\\n', 1],
    ['no answer', '', 1],
  ])('%s', async (_, answer, code) => {
    await stub('redis-cli', `printf '# Replication\\r\\n${answer}'`)
    expect((await run(IS_READY, 'redis-1')).code).toBe(code)
  })
})
