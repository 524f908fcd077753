import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  DATA_DIR,
  FAILOVER,
  IS_ALIVE,
  IS_READY,
  PASSWORD_KEY,
  PATRONI_CONFIG,
  PATRONI_KEYS,
  PGDATA,
  RUN_DIR,
  SECRET_DIR,
  START_PATRONI,
  START_SINGLE,
  STOP_SINGLE,
} from '../../../constructs/workloads/postgres-scripts.js'

// The scripts run in a real sh, on directories below `root`; Patroni and the programs of Postgres are stand-ins
// found first on the PATH.
let root: string
const below = (text: string): string =>
  [DATA_DIR, RUN_DIR, SECRET_DIR].reduce((script, dir) => script.replaceAll(dir, `${root}${dir}`), text)
const file = (path: string): Promise<string> => readFile(`${root}${path}`, 'utf8')
const mode = async (path: string): Promise<number> => (await stat(`${root}${path}`)).mode & 0o777
const secret = (key: string, value: string): Promise<void> => writeFile(`${root}${SECRET_DIR}/${key}`, value)

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'postgres-scripts-'))
  for (const dir of ['/bin', DATA_DIR, RUN_DIR, SECRET_DIR]) await mkdir(`${root}${dir}`, { recursive: true })
  for (const key of [PASSWORD_KEY, ...PATRONI_KEYS]) await secret(key, `its-${key}`)
})
afterEach(() => rm(root, { recursive: true }))

async function stub(name: string, body: string): Promise<void> {
  await writeFile(`${root}/bin/${name}`, `#!/bin/sh\n${body}\n`)
  await chmod(`${root}/bin/${name}`, 0o755)
}

interface Ended {
  code: number
  lines: string[]
  errors: string
}

function run(script: string, variables: Record<string, string> = {}): Promise<Ended> {
  const env = {
    PATH: `${root}/bin:${process.env['PATH'] ?? ''}`,
    ROOT: root,
    PGDATA: `${root}${PGDATA}`,
    CLUSTER_NAME: 'postgres',
    NAMESPACE: 'database',
    POD_NAME: 'postgres-1',
    SERVICE_FQDN: 'postgres-headless.database.svc.cluster.local',
    SYNCHRONOUS: 'true',
    ...variables,
  }
  return new Promise((resolve) => {
    execFile('sh', ['-c', below(script)], { env }, (error, stdout, errors) => {
      const lines = stdout.split('\n').filter((line) => line !== '')
      resolve({ code: Number(error?.code ?? 0), lines, errors })
    })
  })
}

const SEVERAL_LINES = (key: string): string =>
  `The Secret's value for the key ${key} is more than one line of text\n`

describe('starting Patroni', () => {
  beforeEach(() => stub('patroni', 'echo "$@"; env > "$ROOT/env"'))

  interface PatroniConfig {
    scope: string
    name: string
    kubernetes: Record<string, unknown>
    restapi: Record<string, unknown>
    bootstrap: { dcs: Record<string, unknown>; initdb: unknown[] }
    postgresql: Record<string, unknown> & { authentication: unknown; pg_hba: string[] }
  }
  async function configured(variables: Record<string, string> = {}): Promise<PatroniConfig> {
    const { code, errors } = await run(START_PATRONI, variables)
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    return parse(await file(PATRONI_CONFIG)) as PatroniConfig
  }

  test('it becomes Patroni, with the configuration it wrote', async () => {
    expect((await run(START_PATRONI)).lines).toEqual([
      'Starting Patroni (postgres-1)',
      `${root}${PATRONI_CONFIG}`,
    ])
  })

  test('peers reach the member by its DNS name, which stays when its address changes', async () => {
    const { name, restapi, postgresql } = await configured()
    expect(name).toBe('postgres-1')
    const host = 'postgres-1.postgres-headless.database.svc.cluster.local'
    expect(restapi).toMatchObject({ listen: '*:8008', connect_address: `${host}:8008` })
    expect(postgresql).toMatchObject({
      listen: '*:5432',
      connect_address: `${host}:5432`,
      data_dir: `${root}${PGDATA}`,
    })
  })

  test('its store is the ConfigMaps and pods with the labels of the workload', async () => {
    const { scope, kubernetes } = await configured({ CLUSTER_NAME: 'orders', NAMESPACE: 'shop' })
    expect(scope).toBe('orders')
    expect(kubernetes).toEqual({
      namespace: 'shop',
      use_endpoints: false,
      labels: { app: 'orders' },
      scope_label: 'app.kubernetes.io/instance',
      role_label: 'role',
      leader_label_value: 'primary',
      follower_label_value: 'replica',
    })
  })

  test.each(['true', 'false'])('synchronous: %s', async (value) => {
    const { bootstrap } = await configured({ SYNCHRONOUS: value })
    expect(bootstrap.dcs).toMatchObject({ synchronous_mode: value === 'true', synchronous_node_count: 1 })
  })

  test('a leader has stopped before another may start, and a failover is over in 50 seconds', async () => {
    const { ttl, loopWait, retryTimeout } = FAILOVER
    expect(loopWait + 2 * retryTimeout).toBeLessThanOrEqual(ttl)
    expect(ttl + loopWait).toBeLessThan(50)
    const { dcs } = (await configured()).bootstrap
    expect(dcs).toMatchObject({ ttl, loop_wait: loopWait, retry_timeout: retryTimeout, failsafe_mode: true })
  })

  test('a former leader comes back by itself: its data is rewound or copied anew', async () => {
    const { bootstrap, postgresql } = await configured()
    expect(bootstrap.dcs['postgresql']).toMatchObject({ use_pg_rewind: true })
    expect(bootstrap.initdb).toContain('data-checksums')
    expect(postgresql).toMatchObject({
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
    })
  })

  test('over the network nobody is let in without a password, not even while the data is made', async () => {
    const { postgresql, bootstrap, restapi } = await configured()
    const remote = postgresql.pg_hba.filter((line) => !line.startsWith('local '))
    expect(remote).toHaveLength(2)
    for (const line of remote) expect(line).toMatch(/^host .* scram-sha-256$/)
    expect(bootstrap.initdb).toContainEqual({ 'auth-host': 'scram-sha-256' })
    expect(bootstrap.initdb).toContainEqual({ 'auth-local': 'peer' })
    expect(restapi['authentication']).toEqual({ username: 'patroni', password: 'its-restapi-password' })
  })

  test('passwords are taken as they are, whatever YAML and sh think of them', async () => {
    const odd = `it's: "#$HOME\`id\` {x} \\n`
    await secret(PASSWORD_KEY, odd)
    expect((await configured()).postgresql.authentication).toEqual({
      superuser: { username: 'postgres', password: odd },
      replication: { username: 'replicator', password: 'its-replication-password' },
    })
  })

  test('passwords are in one file, for this user alone, and not in the environment', async () => {
    await configured()
    expect(await mode(PATRONI_CONFIG)).toBe(0o600)
    expect(await file('/env')).not.toContain('its-')
  })

  test.each([PASSWORD_KEY, ...PATRONI_KEYS])('it does not start without the key %s', async (key) => {
    await secret(key, '')
    expect(await run(START_PATRONI)).toEqual({
      code: 1,
      lines: [],
      errors: `The Secret has no value for the key ${key}\n`,
    })
  })

  test.each([PASSWORD_KEY, ...PATRONI_KEYS])(
    'it does not start with more than one line for %s, which YAML would fold',
    async (key) => {
      for (const value of ['one\ntwo', 'one\n\ntwo\n', 'one\ttwo', 'one\r\n']) {
        await secret(key, value)
        expect(await run(START_PATRONI)).toEqual({ code: 1, lines: [], errors: SEVERAL_LINES(key) })
      }
    },
  )

  test('the end of the only line does not count', async () => {
    await secret(PASSWORD_KEY, 'one\n')
    expect((await configured()).postgresql.authentication).toMatchObject({ superuser: { password: 'one' } })
  })

  test('a data directory that the kubelet opened to the group is closed again; the server would refuse it', async () => {
    await mkdir(`${root}${PGDATA}`, { mode: 0o770 })
    await chmod(`${root}${PGDATA}`, 0o2770)
    await configured()
    expect(await mode(PGDATA)).toBe(0o700)
  })

  test('where there is no data directory it makes none: that is for Patroni', async () => {
    await configured()
    expect(await readdir(`${root}${DATA_DIR}`)).toEqual([])
  })
})

describe('starting a single server', () => {
  const initdb = `echo "$@" >> "$ROOT/initdb"
mkdir "$2"
for option; do case $option in --pwfile=*) cat "\${option#*=}" > "$ROOT/given" ;; esac; done`
  beforeEach(async () => {
    await stub('initdb', initdb)
    await stub('postgres', 'echo "postgres $*"')
  })

  test('the first time it makes the data, with the password of the Secret, and becomes the server', async () => {
    expect(await run(START_SINGLE)).toEqual({
      code: 0,
      lines: [
        'Making the data directory...',
        'Starting Postgres, alone',
        `postgres -D ${root}${PGDATA} -c listen_addresses=* -c unix_socket_directories=${root}${RUN_DIR}`,
      ],
      errors: '',
    })
    expect(await file('/initdb')).toContain('--data-checksums')
    expect(await file('/given')).toBe('its-password')
    expect(await readdir(`${root}${RUN_DIR}`)).toEqual([])
    expect(await mode(PGDATA)).toBe(0o700)
    expect(await file(`${PGDATA}/pg_hba.conf`)).toBe('local all all peer\nhost all all all scram-sha-256\n')
  })

  test('the next time it finds the data and needs no password', async () => {
    await run(START_SINGLE)
    await secret(PASSWORD_KEY, '')
    const { code, lines } = await run(START_SINGLE)
    expect(code).toBe(0)
    expect(lines[0]).toBe('Starting Postgres, alone')
    expect((await file('/initdb')).trim().split('\n')).toHaveLength(1)
  })

  test('data that was half made when the pod ended is made again', async () => {
    await stub('initdb', `${initdb}\nexit 1`)
    expect((await run(START_SINGLE)).code).toBe(1)
    await stub('initdb', `[ ! -e "$2" ] || exit 3\n${initdb}`)
    expect((await run(START_SINGLE)).code).toBe(0)
    expect(await readdir(`${root}${DATA_DIR}`)).toEqual(['pgdata'])
  })

  test('it does not start without a password', async () => {
    await secret(PASSWORD_KEY, '')
    const { code, errors } = await run(START_SINGLE)
    expect(code).toBe(1)
    expect(errors).toBe('The Secret has no value for the key password\n')
  })
})

describe('a value of more than one line', () => {
  test('starts no single server: it would take the first one alone', async () => {
    await stub('initdb', 'exit 9')
    await secret(PASSWORD_KEY, 'one\ntwo')
    const { code, errors } = await run(START_SINGLE)
    expect({ code, errors }).toEqual({ code: 1, errors: SEVERAL_LINES(PASSWORD_KEY) })
  })
})

describe('asking a single server', () => {
  test.each([
    ['lets clients in', 0, true, true],
    ['is recovering', 1, false, true],
    ['does not answer', 2, false, false],
  ])('one that %s', async (_, answer, ready, alive) => {
    await stub('pg_isready', `exit ${answer}`)
    expect((await run(IS_READY)).code === 0).toBe(ready)
    expect((await run(IS_ALIVE)).code === 0).toBe(alive)
  })

  test('it ends without waiting for its clients', async () => {
    await stub('pg_ctl', 'echo "$@"')
    expect((await run(STOP_SINGLE)).lines).toEqual([`stop -D ${root}${PGDATA} --mode=fast --no-wait`])
  })
})
