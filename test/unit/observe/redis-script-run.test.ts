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

/** A redis-cli that notes what it is asked, on lines of their own, and answers by the name of the host. */
const CLI = `#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in
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
  await writeFile(join(folder, 'redis-cli'), CLI)
  await chmod(join(folder, 'redis-cli'), 0o755)
})
afterEach(() => rm(folder, { recursive: true }))

async function run(mayWrite: boolean, others = 'slave'): Promise<{ stdout: string; asked: string }> {
  const [sh = '', ...args] = redisCommand(redis, 'token', mayWrite)
  const log = join(folder, 'log')
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, LOG: log, MASTERS: 'r-1', OTHERS: others }
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
