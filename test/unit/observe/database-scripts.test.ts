import { describe, expect, test } from 'vitest'
import { mysqlCommand, parseMysql } from '../../../lab/observe/mysql-script.js'
import type { MysqlTask } from '../../../lab/observe/mysql-script.js'
import { parsePostgres, postgresCommand } from '../../../lab/observe/postgres-script.js'
import type { PostgresTask } from '../../../lab/observe/postgres-script.js'

const postgres: PostgresTask = {
  token: 'tok-en',
  mayWrite: true,
  writeTo: { kind: 'service', host: 'db-primary', port: 5432 },
  passwordFiles: ['/run/secrets/postgres/password'],
  hosts: [
    { kind: 'service', host: 'db-primary', port: 5432 },
    { kind: 'pod', host: 'db-0.db', port: 5432 },
    { kind: 'pod', host: 'db-1.db', port: 5432 },
  ],
  port: 5432,
}

const mysql: MysqlTask = {
  token: 'tok-en',
  mayWrite: true,
  rootPasswordFiles: ['/run/secrets/mysql/root-password'],
  passwordFiles: ['/run/secrets/mysql/password'],
  hosts: [
    { kind: 'service', host: 'db', port: 3306 },
    { kind: 'pod', host: 'db-1.db', port: 3306 },
  ],
}

test('the scripts are always the same; what differs are their arguments, and no password is one', () => {
  const scripts = [postgresCommand(postgres), mysqlCommand(mysql)]
  for (const [sh, option, script] of scripts) {
    expect([sh, option]).toEqual(['sh', '-c'])
    expect(script).not.toContain('tok-en')
  }
  expect(postgresCommand({ ...postgres, token: 'other', hosts: [] })[2]).toBe(scripts[0]?.[2])
  expect(mysqlCommand({ ...mysql, token: 'other', hosts: [] })[2]).toBe(scripts[1]?.[2])
  expect(postgresCommand(postgres).slice(4)).toEqual([
    ...['headless_lab_verify_token', 'tok-en', 'yes', 'db-primary', '5432'],
    ...['1', '/run/secrets/postgres/password'],
    ...['service', 'db-primary', '5432', 'pod', 'db-0.db', '5432', 'pod', 'db-1.db', '5432'],
  ])
  expect(mysqlCommand({ ...mysql, mayWrite: false }).slice(4)).toEqual([
    ...['tok-en', 'no', '1', '/run/secrets/mysql/root-password', '1', '/run/secrets/mysql/password'],
    ...['service', 'db', '3306', 'pod', 'db-1.db', '3306'],
  ])
})

describe('parsePostgres, on what psql 17 prints', () => {
  const replica = `@@ local server
{"receiver": {"host": "db-1.db", "status": "streaming"}, "standbys": [], "inRecovery": true, "synchronousNames": ""}
{"patroni": {"synchronousMode": "true", "synchronousNodes": 1}}
`
  const primary = `@@ local server
{"receiver": null, "standbys": [{"name": "db-0", "sync": "sync", "state": "streaming", "address": "10.0.0.1"}], "inRecovery": false, "synchronousNames": "\\"db-0\\""}
{"patroni": null}
@@ db-primary host
{"address": "10.0.0.2", "inRecovery": false}
psql: error: connection to server at "db-primary" (10.96.0.1), port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?
@@ local write
{"lsn": "0/40F67B8"}
@@ db-0.db host
{"address": "10.0.0.1", "inRecovery": true}
{"row": "tok-en"}
@@ db-1.db host
{"address": "10.0.0.2", "inRecovery": false}
ERROR:  relation "headless_lab_verify_token" does not exist
@@ local remove
{"removed": true}
`

  test('a replica connects to nobody', () => {
    expect(parsePostgres(replica, postgres)).toEqual({
      inRecovery: true,
      synchronousNames: '',
      receiver: { host: 'db-1.db', status: 'streaming' },
      standbys: [],
      patroni: { synchronousMode: 'true', synchronousNodes: 1 },
    })
  })

  test('a primary tells whom it reached, what it wrote, and who has it', () => {
    const { tour, patroni, receiver } = parsePostgres(primary, postgres)
    expect([patroni, receiver]).toEqual([null, null])
    expect(tour?.write).toEqual({ token: 'tok-en', lsn: '0/40F67B8', removed: true })
    expect(tour?.hosts['db-0.db']).toEqual({
      reached: [{ address: '10.0.0.1', inRecovery: true }],
      row: 'tok-en',
    })
    expect(tour?.hosts['db-1.db']?.error).toContain('does not exist')
    expect(tour?.hosts['db-primary']).toMatchObject({
      reached: [{ address: '10.0.0.2' }],
      error: expect.stringMatching(/Connection refused Is the server/) as string,
    })
  })

  test('where nothing might be written there is no row', () => {
    expect(parsePostgres(primary, { ...postgres, mayWrite: false }).tour).not.toHaveProperty('write')
  })

  test('a commit that nobody acknowledged, and a line that was cut off', () => {
    const cut = primary.replace('{"lsn": "0/40F67B8"}\n', '').replace('{"row": "tok-en"}', '{"row": "to')
    const { tour } = parsePostgres(cut, postgres)
    expect(tour?.write).toEqual({ token: 'tok-en', error: 'not acknowledged in 4 s', removed: true })
    expect(tour?.hosts['db-0.db']).toMatchObject({ error: '{"row": "to' })
  })

  test('a server that does not answer', () => {
    const error = 'psql: error: connection to server on socket failed: No such file or directory'
    expect(parsePostgres(`@@ local server\n${error}\n`, postgres)).toEqual({ error })
    expect(parsePostgres('', postgres)).toEqual({ error: 'no answer in 10 s' })
  })

  test('who may not read what Patroni was told does not know', () => {
    const denied = replica.replace(/\{"patroni.*/, 'ERROR:  permission denied for function pg_read_file')
    expect(parsePostgres(denied, postgres)).not.toHaveProperty('patroni')
  })
})

describe('parseMysql, on what the clients of MariaDB 11.8 print', () => {
  const warning = 'WARNING: option --ssl-verify-server-cert is disabled'
  const primary = `@@ local server
{"version": "11.8.6-MariaDB", "readOnly": 0}
@@ local replication

@@ db host
${warning}
{"host": "db-2"}
{"host": "db-1"}
@@ local write
${warning}
{"written": 1}
@@ local position
{"position": "0-100-20"}
@@ db-1.db host
${warning}
{"host": "db-1"}
{"caughtUp": 1}
{"position": "0-100-20"}
{"row": "tok-en"}
@@ db-1.db refused
${warning}
--------------
INSERT INTO headless_lab_verify_0d618e66 VALUES ('refused')
--------------

ERROR 1290 (HY000) at line 1: running with the --read-only option
@@ local remove
{"removed": 1}
`
  const status = `@@ local server
{"version": "11.8.6-MariaDB", "readOnly": 1}
@@ local replication
*************************** 1. row ***************************
                   Master_Host: db-0.db
              Slave_IO_Running: Connecting
             Slave_SQL_Running: Yes
                 Last_IO_Error: error connecting to master 'replication@db-0.db:3306'
                Last_SQL_Error: 
                    Using_Gtid: Slave_Pos
`

  test('a primary tells whom it reached, what it wrote, who has it and who refused', () => {
    expect(parseMysql(primary, mysql)).toEqual({
      version: '11.8.6-MariaDB',
      readOnly: false,
      replication: null,
      tour: {
        hosts: {
          db: { reached: ['db-2', 'db-1'] },
          'db-1.db': {
            reached: ['db-1'],
            caughtUp: true,
            position: '0-100-20',
            row: 'tok-en',
            refused: 'ERROR 1290 (HY000) at line 1: running with the --read-only option',
          },
        },
        position: '0-100-20',
        write: { token: 'tok-en', removed: true },
      },
    })
  })

  test('a replica connects to nobody; MySQL has other words for its status', () => {
    const replication = {
      host: 'db-0.db',
      receiving: 'Connecting',
      applying: 'Yes',
      gtid: 'Slave_Pos',
      error: "error connecting to master 'replication@db-0.db:3306'",
    }
    expect(parseMysql(status, mysql)).toEqual({ version: '11.8.6-MariaDB', readOnly: true, replication })
    const words = status.replace('Master_', 'Source_').replaceAll('Slave_', 'Replica_')
    expect(parseMysql(words, mysql).replication).toMatchObject({ host: 'db-0.db', applying: 'Yes' })
  })

  test('a write that was accepted, and a server that does not answer', () => {
    const accepted = primary.replace(/ERROR 1290.*/, '{"accepted": 1}')
    expect(parseMysql(accepted, mysql).tour?.hosts['db-1.db']?.refused).toBe('accepted')
    const error = "ERROR 2002 (HY000): Can't connect to local server through socket"
    expect(parseMysql(`@@ local server\n${error}\n`, mysql)).toEqual({ error })
  })

  test('who may not see the status does not know', () => {
    const denied = status.replace(/\*{10}[\s\S]*/, 'ERROR 1227 (42000) at line 1: Access denied\n')
    expect(parseMysql(denied, mysql)).not.toHaveProperty('replication')
    // What the script says where there was no answer at all.
    const silent = status.replace(/\*{10}[\s\S]*/, 'ERROR \n')
    expect(parseMysql(silent, mysql)).not.toHaveProperty('replication')
  })
})
