import { execa } from 'execa'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mysqlCommand, parseMysql } from '../../../lab/observe/mysql-script.js'
import type { MysqlTask } from '../../../lab/observe/mysql-script.js'
import { parsePostgres, postgresCommand } from '../../../lab/observe/postgres-script.js'
import type { PostgresTask } from '../../../lab/observe/postgres-script.js'

/** A timeout that notes how long what it runs may take, and whose time is up at once for what is told to be slow. */
const TIMEOUT = `#!/bin/sh
[ "$1" != -s ] || shift 2
limit=$1
shift
echo "$limit s, \${PGCONNECT_TIMEOUT:-}, \${PGOPTIONS:-}: $*" >> "$LOG"
[ -z "$SLOW" ] || case "$*" in *"$SLOW"*) exit 124 ;; esac
exec "$@"
`

/** A client of MariaDB that is a primary's, or, where it does not know the newer words, says so. */
const MARIADB = `#!/bin/sh
case "$*" in
  *"'version'"*) echo '{"version": "11.8.6-MariaDB", "readOnly": 0}' ;;
  *'SHOW REPLICA STATUS'*) [ -z "$OLD" ] || { echo 'ERROR 1064 (42000) at line 1: You have an error'; exit 1; } ;;
  *'SHOW SLAVE STATUS'*) [ "$OLD" != replica ] || echo ' Master_Host: db-0.db' ;;
  *@@global.gtid_binlog_pos*) echo 0-100-5 ;;
  *"'caughtUp'"*) echo '{"host": "db-1"}' ;;
esac
`

const PSQL = `#!/bin/sh
case "$(cat)" in
  *inRecovery*standbys*) echo '{"receiver": null, "standbys": [], "inRecovery": false, "synchronousNames": ""}' ;;
  *inet_server_addr*) echo '{"address": "10.0.0.1", "inRecovery": false}' ;;
esac
`

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headless-lab-databases-'))
  for (const [name, script] of Object.entries({ timeout: TIMEOUT, mariadb: MARIADB, psql: PSQL })) {
    await writeFile(join(folder, name), script)
    await chmod(join(folder, name), 0o755)
  }
})
afterEach(() => rm(folder, { recursive: true }))

async function run([sh = '', ...args]: string[], slow: string, old = ''): Promise<[string, string[]]> {
  const log = join(folder, 'log')
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, LOG: log, SLOW: slow, OLD: old }
  const { stdout } = await execa(sh, args, { env })
  return [stdout, (await readFile(log, 'utf8')).match(/^\d+ s, .*$/gm) ?? []]
}

describe('MySQL', () => {
  const task: MysqlTask = {
    ...{ token: 'tok-en', mayWrite: false, rootPasswordFiles: [], passwordFiles: [] },
    hosts: [{ kind: 'pod', host: 'db-1.db', port: 3306 }],
  }
  const seen = async (slow: string, old = ''): Promise<ReturnType<typeof parseMysql>> =>
    parseMysql((await run(mysqlCommand(task), slow, old))[0], task)

  test('who says nothing of a source is a primary, and goes on', async () => {
    expect(await seen('')).toMatchObject({ replication: null, tour: { position: '0-100-5' } })
    expect(await seen('', 'primary')).toMatchObject({ replication: null, tour: { position: '0-100-5' } })
    expect(await seen('', 'replica')).toMatchObject({ replication: { host: 'db-0.db' } })
  })

  test.each([
    ['SHOW REPLICA STATUS', ''],
    ['SHOW SLAVE STATUS', 'replica'],
  ])('that time was up for %s does not make a primary', async (slow, old) => {
    expect(await seen(slow, old)).toEqual({ version: '11.8.6-MariaDB', readOnly: false })
  })

  test('a position that nobody told is not known, though every server is behind none', async () => {
    expect((await seen('gtid_binlog_pos')).tour).toEqual({ hosts: { 'db-1.db': { reached: ['db-1'] } } })
  })

  test('the first question, which decides whether the server answers, is given more time', async () => {
    const [, asked] = await run(mysqlCommand(task), '')
    expect(asked.map((each) => each.split(' ', 1)[0])).toEqual(['10', '4', '4', '4', '5'])
    expect(await seen("'version'")).toEqual({ error: 'no answer in 10 s' })
  })
})

describe('Postgres', () => {
  const task: PostgresTask = {
    ...{ token: 'tok-en', mayWrite: false, passwordFiles: [], port: 5432 },
    hosts: [{ kind: 'pod', host: 'db-0.db', port: 5432 }],
  }

  test('the first question, which decides whether the server answers, is given more time', async () => {
    const [output, asked] = await run(postgresCommand(task), '')
    expect(parsePostgres(output, task).tour?.hosts['db-0.db']?.reached).toHaveLength(1)
    expect(asked.map((each) => each.split(':', 1)[0])).toEqual([
      '10 s, 8, -c statement_timeout=10000 -c client_min_messages=error',
      '4 s, 2, -c statement_timeout=4000 -c client_min_messages=error',
    ])
    const [silent] = await run(postgresCommand(task), 'psql')
    expect(parsePostgres(silent, task)).toEqual({ error: 'no answer in 10 s' })
  })
})
