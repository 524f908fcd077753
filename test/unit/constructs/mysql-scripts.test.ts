import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  DATA_DIR,
  FLAVOURS,
  RUN_DIR,
  SECRET_DIR,
  type MysqlFlavour,
} from '../../../constructs/workloads/mysql-flavours.js'
import { mysqlScripts, PRIMARY_ATTEMPTS, SECRET_KEYS } from '../../../constructs/workloads/mysql-scripts.js'

// The scripts run in a real sh, on directories below `root`; servers, clients and sleep are stand-ins found
// first on the PATH.
let root: string
const below = (text: string): string =>
  [DATA_DIR, RUN_DIR, SECRET_DIR].reduce((script, dir) => script.replaceAll(dir, `${root}${dir}`), text)
const file = (path: string): Promise<string> => readFile(`${root}${path}`, 'utf8')

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mysql-scripts-'))
  for (const dir of ['/bin', DATA_DIR, RUN_DIR, SECRET_DIR]) await mkdir(`${root}${dir}`, { recursive: true })
  await stub('sleep', ':')
  for (const key of SECRET_KEYS) await secret(key, `its-${key}`)
})
afterEach(() => rm(root, { recursive: true }))

const secret = (key: string, value: string): Promise<void> => writeFile(`${root}${SECRET_DIR}/${key}`, value)

async function stub(name: string, body: string): Promise<void> {
  await writeFile(`${root}/bin/${name}`, `#!/bin/sh\n${body}\n`)
  await chmod(`${root}/bin/${name}`, 0o755)
}

interface Ended {
  code: number
  lines: string[]
  errors: string
}

function run(script: string, pod: string, ...args: string[]): Promise<Ended> {
  const domain = 'mysql-headless.default.svc.cluster.local'
  const env = {
    PATH: `${root}/bin:${process.env['PATH'] ?? ''}`,
    ROOT: root,
    POD_NAME: pod,
    PRIMARY_NAME: 'mysql-0',
    PRIMARY_SHORT: 'mysql-0.mysql-headless',
    PRIMARY_FQDN: `mysql-0.${domain}`,
    SERVICE_FQDN: domain,
  }
  return new Promise((resolve) => {
    execFile('sh', ['-c', below(script), 'mysql', ...args], { env }, (error, stdout, errors) => {
      const lines = stdout.split('\n').filter((line) => line !== '')
      resolve({ code: Number(error?.code ?? 0), lines, errors })
    })
  })
}

const flavours = (Object.keys(FLAVOURS) as MysqlFlavour[]).map(
  (flavour) => [flavour, mysqlScripts(flavour), FLAVOURS[flavour]] as const,
)

describe.each(flavours)('%s', (flavour, scripts, { client }) => {
  describe('making the data directory', () => {
    const maker = { mariadb: 'mariadb-install-db', mysql: 'mysqld' }[flavour]
    // As the real ones: the directory is the argument after --datadir=, and must not hold anything.
    const MAKES = `for arg; do case $arg in --datadir=*) dir=\${arg#*=} ;; esac; done
echo x >> "$ROOT/calls"; [ ! -e "$dir" ] || exit 9; mkdir "$dir" && echo made > "$dir/ibdata1"`

    test('it is made once, and has its name only when it is whole', async () => {
      await stub(maker, MAKES)
      expect((await run(scripts.makeData, 'mysql-0')).lines).toEqual([
        'Making the data directory...',
        'The data directory is made.',
      ])
      expect(await file(`${DATA_DIR}/mysql/ibdata1`)).toBe('made\n')
      expect((await run(scripts.makeData, 'mysql-0')).lines).toEqual(['The data directory is there.'])
      expect(await file('/calls')).toBe('x\n')
    })

    test('what a pod that ended early left half made is made again', async () => {
      await stub(maker, `${MAKES}; kill -9 $$`)
      expect((await run(scripts.makeData, 'mysql-1')).code).not.toBe(0)
      expect(await readdir(`${root}${DATA_DIR}`)).not.toContain('mysql')
      await stub(maker, MAKES)
      expect((await run(scripts.makeData, 'mysql-1')).code).toBe(0)
      expect((await readdir(`${root}${DATA_DIR}`)).sort()).toEqual(['mysql', 'tmp'])
    })

    test('what the program says is shown when it fails', async () => {
      await stub(maker, 'echo "disk full" >&2; exit 3')
      const { code, lines } = await run(scripts.makeData, 'mysql-0')
      expect(code).toBe(1)
      expect(lines.at(-1)).toBe('disk full')
    })
  })

  describe('waiting for the primary', () => {
    test('a replica logs in to the primary, by its whole name, as it will to replicate', async () => {
      await stub(client, 'echo "$@" > "$ROOT/call"; cp "${1#*=}" "$ROOT/options"')
      expect(await run(scripts.waitForPrimary, 'mysql-1')).toMatchObject({
        code: 0,
        lines: [
          'This is replica mysql-1, waiting for primary mysql-0...',
          'Waiting for mysql-0.mysql-headless to be ready...',
          'Primary mysql-0 is ready!',
        ],
      })
      expect(await file('/call')).not.toContain('its-')
      expect((await file('/options')).split('\n')).toEqual([
        '[client]',
        'host=mysql-0.mysql-headless.default.svc.cluster.local',
        'port=3306',
        'user=replication',
        'password="its-replication-password"',
        '',
      ])
    })

    test('the primary asks nobody: nobody is there yet', async () => {
      await stub(client, 'exit 1')
      const { code, lines } = await run(scripts.waitForPrimary, 'mysql-0')
      expect(code).toBe(0)
      expect(lines).toEqual(['This is primary mysql-0, it waits for nobody.'])
    })

    test('it goes on asking while the name does not resolve or the account is not there', async () => {
      await stub(
        client,
        `echo x >> "$ROOT/calls"
case $(wc -l < "$ROOT/calls" | tr -d ' ') in
  1) echo 'ERROR 2005 (HY000): Unknown server host' >&2; exit 1 ;;
  2) echo 'ERROR 1045 (28000): Access denied' >&2; exit 1 ;;
esac`,
      )
      expect((await run(scripts.waitForPrimary, 'mysql-2')).lines.at(-1)).toBe('Primary mysql-0 is ready!')
      expect(await file('/calls')).toBe('x\nx\nx\n')
    })

    test('it ends, fails, and its last line says what it waited for and what it heard last', async () => {
      await stub(client, 'echo x >> "$ROOT/calls"; echo "ERROR 2005: Unknown server host" >&2; exit 1')
      const { code, lines } = await run(scripts.waitForPrimary, 'mysql-1')
      expect(code).toBe(1)
      expect(lines.at(-1)).toBe(
        `Gave up: primary mysql-0.mysql-headless.default.svc.cluster.local did not let a replica in in ${PRIMARY_ATTEMPTS} attempts. Last answer: ERROR 2005: Unknown server host`,
      )
      expect((await file('/calls')).length / 2).toBe(PRIMARY_ATTEMPTS)
    })
  })

  describe('starting the server', () => {
    const start = (pod: string): Promise<Ended> => run(scripts.start, pod, 'server', '--a', 'b c')
    beforeEach(() => stub('server', `printf '<%s>' "$@"`))

    test('the primary replicates from nobody and may be written', async () => {
      expect((await start('mysql-0')).lines).toEqual([
        'Starting as PRIMARY (mysql-0)',
        '<--a><b c><--server-id=100><--report-host=mysql-0.mysql-headless.default.svc.cluster.local>',
      ])
      expect(await file(`${RUN_DIR}/init.sql`)).not.toMatch(/CHANGE|START/)
    })

    test('a replica has an id of its own, is read-only and replicates from the primary by name', async () => {
      const { lines } = await start('mysql-12')
      expect(lines[0]).toBe('Starting as REPLICA (mysql-12), replicating from mysql-0.mysql-headless')
      expect(lines[1]).toContain('<--server-id=112>')
      expect(lines[1]).toContain(`<--read-only=ON>${flavour === 'mysql' ? '<--super-read-only=ON>' : ''}`)
      const [attach, begin] = (await file(`${RUN_DIR}/init.sql`)).trim().split('\n').slice(-2)
      expect(attach).toContain("_HOST='mysql-0.mysql-headless.default.svc.cluster.local'")
      expect(attach).toContain("_PASSWORD='its-replication-password'")
      expect(attach).toContain(
        { mariadb: 'MASTER_USE_GTID=slave_pos;', mysql: 'SOURCE_AUTO_POSITION=1;' }[flavour],
      )
      expect(begin).toBe('START REPLICA;')
    })

    test('accounts are of each server alone, out of the binary log, and no statement asks for one that is new', async () => {
      await start('mysql-1')
      const statements = (await file(`${RUN_DIR}/init.sql`)).trim().split('\n')
      expect(statements[0]).toBe('SET SESSION sql_log_bin = 0;')
      expect(statements.filter((line) => line.startsWith('CREATE')).join(' ')).not.toMatch(
        /CREATE (USER|DATABASE) (?!IF NOT EXISTS)/,
      )
      // One statement a line, as the oldest of the servers read the file.
      expect(statements.filter((line) => !/^[A-Z][^;]*;$/.test(line))).toEqual([])
      expect(statements).toContain("ALTER USER root@localhost IDENTIFIED BY 'its-root-password';")
      expect(statements).toContain("ALTER USER app@'%' IDENTIFIED BY 'its-password';")
    })

    test('passwords are in files for this user alone, and neither in the log nor on a command line', async () => {
      const { lines, errors } = await start('mysql-1')
      expect(`${lines.join('\n')}${errors}`).not.toContain('its-')
      for (const name of ['init.sql', 'client.cnf'])
        expect((await stat(`${root}${RUN_DIR}/${name}`)).mode & 0o777).toBe(0o600)
    })

    test('a password may hold what SQL and option files quote', async () => {
      await secret('root-password', `a'b"c\\d $HOME \`id\`#e\n`)
      await start('mysql-0')
      const quoted = `a\\'b\\"c\\\\d $HOME \`id\`#e`
      expect(await file(`${RUN_DIR}/init.sql`)).toContain(`root@localhost IDENTIFIED BY '${quoted}';\n`)
      expect(await file(`${RUN_DIR}/client.cnf`)).toContain(`password="${quoted}"\n`)
    })

    test.each(SECRET_KEYS)('without a value for %s no server starts, and the log says why', async (key) => {
      for (const lose of [() => secret(key, ''), () => rm(`${root}${SECRET_DIR}/${key}`)]) {
        await lose()
        expect(await start('mysql-1')).toEqual({
          code: 1,
          lines: [],
          errors: `The Secret has no value for the key ${key}\n`,
        })
      }
    })
  })

  describe('a value of more than one line', () => {
    const message = (key: string) => `The Secret's value for the key ${key} is more than one line of text\n`

    test.each(SECRET_KEYS)('for %s starts no server: option files and SQL would break', async (key) => {
      await stub('server', 'echo started')
      for (const value of ['one\ntwo', 'one\n\ntwo\n', 'one\ttwo', 'one\r\n']) {
        await secret(key, value)
        expect(await run(scripts.start, 'mysql-1', 'server')).toEqual({
          code: 1,
          lines: [],
          errors: message(key),
        })
      }
    })

    test('lets no replica ask for the primary', async () => {
      await stub(client, ':')
      await secret('replication-password', 'one\ntwo')
      const { code, errors } = await run(scripts.waitForPrimary, 'mysql-1')
      expect({ code, errors }).toEqual({ code: 1, errors: message('replication-password') })
    })
  })

  describe('readiness', () => {
    const [io, sql] = { mariadb: ['Slave_IO', 'Slave_SQL'], mysql: ['Replica_IO', 'Replica_SQL'] }[
      flavour
    ] as [string, string]
    const status = (ioRuns: string, sqlRuns: string): string =>
      `echo '   ${io}_Running: ${ioRuns}'; echo '  ${sql}_Running: ${sqlRuns}'; echo '${sql}_Running_State: Yes'`

    test.each([
      ['a replica that replicates', 'mysql-1', status('Yes', 'Yes'), 0],
      ['a replica without its primary', 'mysql-1', status('Connecting', 'Yes'), 1],
      ['a replica that met an error', 'mysql-1', status('Yes', 'No'), 1],
      ['a server that was never attached', 'mysql-1', ':', 1],
      ['a replica that does not answer', 'mysql-1', 'exit 1', 1],
      ['a primary that answers', 'mysql-0', ':', 0],
      ['a primary that does not answer', 'mysql-0', 'exit 1', 1],
    ])('%s', async (_, pod, answer, code) => {
      await stub(client, answer)
      expect((await run(scripts.isReady, pod)).code).toBe(code)
    })

    test('why a replica is not ready is said, for the events of the pod', async () => {
      await stub(client, `${status('Connecting', 'Yes')}; echo '  Last_IO_Error: Unknown server host'`)
      expect((await run(scripts.isReady, 'mysql-1')).lines.join('\n')).toMatch(
        /_IO_Running: Connecting\n.*\n *Last_IO_Error: Unknown server host$/,
      )
    })
  })

  describe('liveness', () => {
    test.each([
      ['a server that answers', ':', 0],
      ['a server that is full', 'echo "ERROR 1040 (HY000): Too many connections" >&2; exit 1', 0],
      ['a server that knows another password', 'echo "ERROR 1045 (28000): denied" >&2; exit 1', 0],
      ['no server', `echo "ERROR 2002 (HY000): Can't connect (2)" >&2; exit 1`, 1],
      ['no option file, so no server yet', 'echo "Could not open required defaults file" >&2; exit 1', 1],
    ])('%s', async (_, answer, code) => {
      await stub(client, answer)
      expect((await run(scripts.isAlive, 'mysql-1')).code).toBe(code)
    })
  })
})
