import { execa } from 'execa'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RedisSet } from '../../../lab/observe/model/redis.js'
import { NO_REDIS_CLI, parseRedis, redisCommand } from '../../../lab/observe/redis-script.js'

const pod = (name: string): { name: string; fqdn: string } => ({ name, fqdn: name })
const redis: RedisSet = {
  ...{ set: {}, key: 'a/b', namespace: 'a', container: 'redis', port: 6379 },
  ...{ master: pod('r-0'), replicas: [pod('r-1')], byOrdinal: false, announces: false, keeps: false },
  ...{ passwordFiles: [], initContainers: [] },
}

/** A timeout whose time is up at once for what is told to be slow. */
const TIMEOUT = `#!/bin/sh
echo "$1 s: $*" >> "$LOG"
shift
[ -z "$SLOW" ] || case "$*" in *$SLOW*) exit 124 ;; esac
exec "$@"
`

/** A redis-cli that notes what it is asked, on lines of their own, and answers by the name of the host. */
const CLI = `#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in
  *"-h r-0 "*" PING") tries=0
    # It answers no sooner than the other one was asked too.
    until grep -q -- '-h r-1 .* PING' "$LOG" || [ "$tries" = 30 ]; do tries=$((tries + 1)); sleep 0.1; done
    [ "$tries" = 30 ] || echo PONG ;;
  *" PING") echo PONG ;;
  *"-h $MASTERS "*"INFO replication") echo role:master ;;
  *"INFO replication") printf 'role:%s\\nslave_repl_offset:7\\n' "$OTHERS" ;;
  *" SET "*) echo READONLY ;;
  *" GET "*) echo token ;;
  *" DEL "*) echo 1 ;;
  *) sed 's/^/stdin /' >> "$LOG"; printf 'OK\\n1\\nmaster_repl_offset:7\\n' ;;
esac
`

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headless-lab-redis-'))
  for (const [name, script] of Object.entries({ timeout: TIMEOUT, 'redis-cli': CLI })) {
    await writeFile(join(folder, name), script)
    await chmod(join(folder, name), 0o755)
  }
})
afterEach(() => rm(folder, { recursive: true }))

async function run(
  mayWrite: boolean,
  others = 'slave',
  slow = '',
): Promise<{ stdout: string; asked: string }> {
  const [sh = '', ...args] = redisCommand(redis, 'token', mayWrite)
  const log = join(folder, 'log')
  const path = `${folder}:${process.env['PATH'] ?? ''}`
  const env = { PATH: path, LOG: log, MASTERS: 'r-1', OTHERS: others, SLOW: slow }
  const { stdout } = await execa(sh, args, { env })
  return { stdout, asked: await readFile(log, 'utf8') }
}

test('the write goes to the one that says it is master', async () => {
  const { stdout, asked } = await run(true)
  expect(asked).toContain('stdin SET headless-lab:verify:token token EX 60')
  expect(parseRedis(stdout, redis, 'token')).toMatchObject({
    servers: { 'r-0': { read: 'token', offset: '7', write: 'READONLY' } },
    write: { set: 'OK', acknowledged: '1', offset: '7', removed: '1' },
  })
})

test('all servers are asked for PING at once, with time enough for a busy machine', async () => {
  const { stdout, asked } = await run(false)
  expect(parseRedis(stdout, redis, 'token', false).servers).toMatchObject({
    'r-0': { ping: 'PONG', replication: { role: 'slave' } },
    'r-1': { ping: 'PONG', replication: { role: 'master' } },
  })
  expect(asked.match(/^6 s: .* PING$/gm)).toHaveLength(2)
})

test('a server that is silent says so, and is asked nothing more', async () => {
  const { stdout, asked } = await run(true, 'slave', '-h r-0 *PING')
  const { servers, write } = parseRedis(stdout, redis, 'token')
  expect(servers['r-0']).toEqual({ ping: 'no answer in 6 s' })
  expect(asked).not.toMatch(/-h r-0 .* (INFO|GET|SET)/)
  expect(write.set).toBe('OK')
})

test('a position, and a value, that were not told in time are not none', async () => {
  const position = await run(true, 'slave', '-h r-0 *INFO replication')
  expect(parseRedis(position.stdout, redis, 'token').servers['r-0']).toEqual({
    ...{ ping: 'PONG', replication: {}, read: 'token', write: 'READONLY' },
  })
  const value = await run(true, 'slave', '-h r-0 *GET')
  expect(parseRedis(value.stdout, redis, 'token').servers['r-0']?.read).toBe('no answer in 2 s')
})

test('of several masters none is written to', async () => {
  const { stdout, asked } = await run(true, 'master')
  expect(asked).not.toMatch(/SET|DEL/)
  expect(parseRedis(stdout, redis, 'token').write.set).toBe('')
})

test('nothing is written where nothing may be', async () => {
  const { asked } = await run(false)
  expect(asked).not.toMatch(/SET|DEL/)
})

test('a pod without redis-cli says so', async () => {
  await rm(join(folder, 'redis-cli'))
  const [, ...args] = redisCommand(redis, 'token')
  const { exitCode } = await execa('/bin/sh', args, {
    env: { PATH: folder },
    extendEnv: false,
    reject: false,
  })
  expect(exitCode).toBe(NO_REDIS_CLI)
})
