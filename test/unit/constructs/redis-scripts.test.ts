import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LOG_DIR, SECRET_DIR, SENTINEL_STATE } from '../../../constructs/workloads/redis-options.js'
import { MASTER_ATTEMPTS, redisScripts } from '../../../constructs/workloads/redis-scripts.js'
import { PROMOTION_ATTEMPTS } from '../../../constructs/workloads/redis-sentinel-scripts.js'

const { waitForMaster, start, isReady, isAlive } = redisScripts({})

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
  errors: string
}

const DOMAIN = 'redis-headless.default.svc.cluster.local'

/** Runs a script as the pod's. The directories of the pod are under `bin`. */
function run(script: string, pod: string, ...args: string[]): Promise<Ended> {
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    BIN: bin,
    POD_NAME: pod,
    MASTER_NAME: 'redis-0',
    MASTER_SHORT: 'redis-0.redis-headless',
    MASTER_FQDN: `redis-0.${DOMAIN}`,
    SERVICE_FQDN: DOMAIN,
    SENTINEL_MASTER: 'redis',
    SENTINEL_QUORUM: '2',
    ACL_USERS: 'app ~app:* &* +@all -@dangerous\nviewer ~* +@read',
  }
  const inside = script.replaceAll(/(?<![\w.])\/(data|etc|run)\//g, `${bin}/$1/`)
  return new Promise((resolve) => {
    execFile('sh', ['-c', inside, 'redis', ...args], { env }, (error, stdout, stderr) => {
      const lines = stdout.replaceAll(bin, '').split('\n')
      resolve({ code: Number(error?.code ?? 0), lines: lines.filter((line) => line !== ''), errors: stderr })
    })
  })
}

const file = (path: string): string => join(bin, path)

async function secret(keys: Record<string, string>): Promise<void> {
  await mkdir(file(SECRET_DIR), { recursive: true })
  await mkdir(file('/run/redis'), { recursive: true })
  for (const [key, value] of Object.entries(keys)) await writeFile(join(file(SECRET_DIR), key), value)
}

describe('waiting for the master', () => {
  test('a replica asks the master by its whole name and logs the lines of document 001', async () => {
    await stub('redis-cli', 'echo "$@" >> "$BIN/calls"; echo PONG')
    expect(await run(waitForMaster, 'redis-1')).toMatchObject({
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
    const { code, lines } = await run(waitForMaster, 'redis-0')
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
    const { code, lines } = await run(waitForMaster, 'redis-2')
    expect(code).toBe(0)
    expect(lines.at(-1)).toBe('Master redis-0 is ready!')
    expect(await readFile(join(bin, 'calls'), 'utf8')).toBe('x\nx\nx\n')
  })

  test('it ends, fails, and its last line says what it waited for and what it heard last', async () => {
    await stub('redis-cli', 'echo x >> "$BIN/calls"; echo "Name or service not known" >&2; exit 1')
    const { code, lines } = await run(waitForMaster, 'redis-1')
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
    const { lines } = await run(start, 'redis-1', '--save', '')
    expect(lines).toEqual([
      'Starting as REPLICA (redis-1), replicating from redis-0.redis-headless',
      '<--save><><--replica-announce-ip><redis-1.redis-headless.default.svc.cluster.local>' +
        '<--replicaof><redis-0.redis-headless.default.svc.cluster.local><6379>',
    ])
  })

  test('the master replicates from nobody', async () => {
    const { lines } = await run(start, 'redis-0', '--save', '')
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
    expect((await run(isReady, 'redis-1')).code).toBe(code)
  })
})

test('alive is also a server that only says that it loads', async () => {
  await stub('redis-cli', 'echo LOADING')
  expect((await run(isAlive, 'redis-0')).code).toBe(0)
  await stub('redis-cli', 'exit 1')
  expect((await run(isAlive, 'redis-0')).code).toBe(1)
})

describe('with a password', () => {
  const auth = redisScripts({ auth: true, users: true })
  const PASSWORD = 'p"w\\x $y'
  const hash = (password: string) => createHash('sha256').update(password).digest('hex')
  beforeEach(async () => {
    await secret({ password: PASSWORD, 'app-password': 'one\n', 'viewer-password': 'two' })
    await stub('redis-server', `printf '<%s>' "$@"; printf '[%s]' "\${REDISCLI_AUTH-unset}"`)
    await stub(
      'redis-cli',
      'printf "%s" "$REDISCLI_AUTH" > "$BIN/shown"; echo "$@" > "$BIN/calls"; echo PONG',
    )
  })

  test('the server reads it of a file for its user alone; it is not on its command line, nor in its environment', async () => {
    const { code, lines } = await run(auth.start, 'redis-0', '--save', '')
    expect(code).toBe(0)
    expect(lines.at(-1)).toBe(
      `</run/redis/redis.conf><--save><><--replica-announce-ip><redis-0.${DOMAIN}>[unset]`,
    )
    expect(await readFile(file('/run/redis/redis.conf'), 'utf8')).toBe(
      [
        'requirepass "p\\"w\\\\x $y"',
        'masterauth "p\\"w\\\\x $y"',
        `user app on #${hash('one')} ~app:* &* +@all -@dangerous`,
        `user viewer on #${hash('two')} ~* +@read`,
        '',
      ].join('\n'),
    )
    expect((await stat(file('/run/redis/redis.conf'))).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['wait-for-master', auth.waitForMaster],
    ['readiness', auth.isReady],
    ['liveness', auth.isAlive],
    ['Sentinel’s', auth.isSentinelAlive],
  ])('%s logs in, and not on the command line', async (_, script) => {
    await run(script, 'redis-1')
    expect(await readFile(join(bin, 'shown'), 'utf8')).toBe(PASSWORD)
    expect(await readFile(join(bin, 'calls'), 'utf8')).not.toContain(PASSWORD)
  })

  test.each([
    ['password', '', 'The Secret has no value for the key password'],
    ['viewer-password', '', 'The Secret has no value for the key viewer-password'],
    [
      'password',
      'one\nrename-command x y',
      "The Secret's value for the key password is more than one line of text",
    ],
  ])('the server does not start when %s is %j', async (key, value, message) => {
    await secret({ [key]: value })
    const { code, lines, errors } = await run(auth.start, 'redis-0')
    expect(code).not.toBe(0)
    expect(errors).toContain(message)
    expect(lines.join()).not.toContain('Starting')
  })
})

describe('with Sentinel', () => {
  const sentinel = redisScripts({ sentinel: true })
  const host = (ordinal: number) => `redis-${ordinal}.${DOMAIN}`
  const says = (master: string, replicas = 2) =>
    `printf 'name\\nredis\\nip\\n${master}\\nport\\n6379\\nnum-slaves\\n${replicas}\\n'`
  const state = file.bind(undefined, SENTINEL_STATE)

  beforeEach(async () => {
    await stub('getent', `printf '10.0.0.1 STREAM x\\n10.0.0.1 DGRAM\\n10.0.0.2 STREAM\\n'`)
    await stub('redis-server', `printf '<%s>' "$@"`)
    await mkdir(file('/data/sentinel'), { recursive: true })
  })

  describe('a server', () => {
    test('follows whom the first Sentinel that answers says is master, whatever its ordinal', async () => {
      await stub('redis-cli', `echo "$@" >> "$BIN/calls"; [ "$2" != 10.0.0.1 ] || exit 1; ${says(host(2))}`)
      const { lines } = await run(sentinel.start, 'redis-0')
      expect(lines).toContain(`Starting as REPLICA (redis-0), replicating from ${host(2)}`)
      expect(lines.at(-1)).toContain(`<--replicaof><${host(2)}><6379>`)
      expect(await readFile(join(bin, 'calls'), 'utf8')).toBe(
        '-h 10.0.0.1 -p 26379 sentinel master redis\n-h 10.0.0.2 -p 26379 sentinel master redis\n',
      )
    })

    test('is master when Sentinel says so and it has its data', async () => {
      await mkdir(file(LOG_DIR), { recursive: true })
      await stub('redis-cli', says(host(1)))
      const { lines } = await run(sentinel.start, 'redis-1')
      expect(lines).toContain('Starting as MASTER (redis-1)')
      expect(lines.join()).not.toContain('replicaof')
    })

    test('that was master and has no data waits until another is, and follows it', async () => {
      await stub(
        'redis-cli',
        `echo x >> "$BIN/calls"; if [ "$(wc -l < "$BIN/calls")" -lt 4 ]; then ${says(host(0))}; else ${says(host(2))}; fi`,
      )
      const { lines } = await run(sentinel.start, 'redis-0')
      expect(lines).toContain(`Starting as REPLICA (redis-0), replicating from ${host(2)}`)
      expect(await readFile(join(bin, 'calls'), 'utf8')).toBe('x\nx\nx\nx\n')
    })

    test('that was master and has no data does not start while nobody is promoted', async () => {
      await stub('redis-cli', `echo x >> "$BIN/calls"; ${says(host(0))}`)
      const { code, lines } = await run(sentinel.start, 'redis-0')
      expect(code).toBe(1)
      expect(lines.at(-1)).toBe('Gave up: no replica was promoted.')
      expect((await readFile(join(bin, 'calls'), 'utf8')).length / 2).toBe(PROMOTION_ATTEMPTS + 1)
    })

    test('that is master on its first start has no replicas, and begins', async () => {
      await stub('redis-cli', says(host(0), 0))
      expect((await run(sentinel.start, 'redis-0')).lines).toContain('Starting as MASTER (redis-0)')
    })

    test.each([
      ['is not reached', 'exit 1'],
      ['does not know the master', 'echo "ERR No such master with that name"'],
      ['names a host that is none of the pods', says('evil.example')],
    ])('goes by the ordinal when no Sentinel answers: each %s', async (_, body) => {
      await stub('redis-cli', body)
      expect((await run(sentinel.start, 'redis-0')).lines).toContain('Starting as MASTER (redis-0)')
      expect((await run(sentinel.start, 'redis-1')).lines).toContain(
        `Starting as REPLICA (redis-1), replicating from ${host(0)}`,
      )
    })

    test('goes by what its own Sentinel knew last when all were away', async () => {
      await stub('redis-cli', 'exit 1')
      await writeFile(state(), `sentinel monitor redis ${host(1)} 6379 2\n`)
      expect((await run(sentinel.start, 'redis-0')).lines).toContain(
        `Starting as REPLICA (redis-0), replicating from ${host(1)}`,
      )
      expect((await run(sentinel.start, 'redis-1')).lines).toContain('Starting as MASTER (redis-1)')
    })
  })

  describe('Sentinel itself', () => {
    const config = async () => (await readFile(state(), 'utf8')).replaceAll(bin, '').split('\n')

    test('watches whom the others say is master, by names, under an id that is its pod’s', async () => {
      await stub('redis-cli', says(host(2)))
      const { lines } = await run(sentinel.startSentinel, 'redis-1')
      expect(lines.at(-1)).toBe(`<${SENTINEL_STATE}><--sentinel>`)
      const id = createHash('sha1').update(host(1)).digest('hex')
      expect(await config()).toEqual(
        expect.arrayContaining([
          'port 26379',
          'sentinel resolve-hostnames yes',
          'sentinel announce-hostnames yes',
          `sentinel announce-ip ${host(1)}`,
          `sentinel myid ${id}`,
          `sentinel monitor redis ${host(2)} 6379 2`,
          'sentinel down-after-milliseconds redis 5000',
        ]),
      )
    })

    test('keeps what it learnt and nothing else of its file; the quorum is the one of now', async () => {
      await stub('redis-cli', says(host(2)))
      const learnt = [
        'sentinel myid abc',
        `sentinel monitor redis ${host(1)} 6379 3`,
        'sentinel config-epoch redis 7',
        'sentinel leader-epoch redis 7',
        `sentinel known-replica redis ${host(0)} 6379`,
        'sentinel current-epoch 7',
      ]
      await writeFile(
        state(),
        [...learnt, 'requirepass "old"', 'sentinel auth-pass redis old', 'user default on #0'].join('\n'),
      )
      await run(sentinel.startSentinel, 'redis-1')
      const lines = await config()
      expect(lines).toEqual(expect.arrayContaining(learnt.map((line) => line.replace('6379 3', '6379 2'))))
      expect(lines.join()).not.toMatch(/old|#0/)
    })

    test('with a password asks for it, and shows it to the servers; other users may ask it only', async () => {
      const withUsers = redisScripts({ sentinel: true, auth: true, users: true })
      await secret({ password: 'p"w', 'app-password': 'one', 'viewer-password': 'two' })
      await stub('redis-cli', says(host(0)))
      expect((await run(withUsers.startSentinel, 'redis-1')).code).toBe(0)
      const lines = await config()
      expect(lines).toContain('requirepass "p\\"w"')
      expect(lines).toContain('sentinel auth-pass redis "p\\"w"')
      const user = lines.find((line) => line.startsWith('user app '))
      expect(user).toContain('+sentinel|get-master-addr-by-name')
      expect(user).not.toMatch(/@all|failover/)
      expect((await stat(state())).mode & 0o777).toBe(0o600)
    })
  })
})
