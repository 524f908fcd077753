import { rowsIn, textOf } from './rows.js'
import type { Row } from './rows.js'
import { sections } from './sections.js'
import type { MysqlHostSeen, MysqlReplication, MysqlServerSeen, MysqlTour } from './model/mysql.js'

/**
 * Asks the server of the pod it runs in, as root by the socket, for any POSIX sh with mariadb or mysql, tr and
 * timeout. Only where that server replicates from nobody it goes on, as the ordinary user: it connects to each
 * host by name, writes a row, and waits at each pod for the position behind it. So of all pods of a healthy set
 * one makes connections, whichever is primary, and nobody has to know it beforehand.
 *
 * Root reads, and never writes: it may do so on a replica too, and what is written there makes it differ from
 * the primary for good. The ordinary user's attempt at each pod is rolled back where it is not refused: then
 * nothing is in the binary log. The row and its table are, as all that is written.
 *
 * That the server is there is what the first question finds out: it has time enough for a machine that is busy.
 * A question that fails, or whose time is up, prints what an empty answer prints: its exit code tells them apart,
 * so that a slow replica is not taken for a primary.
 *
 * Passwords are what the pod has: files of a Secret, or the variables of the official images. They go to the
 * client by the environment. The ordinary user and its database are those of the same variables, else `app`.
 *
 * Arguments: value, `yes` or `no` to write, number of files with root's password, the files, number of those
 * with the ordinary user's, the files; then by threes: `service <host> <port>`, `pod <host> <port>`.
 */
const SCRIPT = `
token=$1 write=$2
shift 2
table=headless_lab_verify_$(printf '%s' "$token" | tr -cd '0-9a-f')
first() {
  for file in "$@"; do
    [ ! -r "$file" ] || { cat "$file"; return; }
  done
}
root=\${MYSQL_ROOT_PASSWORD:-\${MARIADB_ROOT_PASSWORD:-}}
[ -n "$root" ] || root=$(first "\${MYSQL_ROOT_PASSWORD_FILE:-}" "\${MARIADB_ROOT_PASSWORD_FILE:-}")
user=\${MYSQL_USER:-\${MARIADB_USER:-app}}
database=\${MYSQL_DATABASE:-\${MARIADB_DATABASE:-app}}
password=\${MYSQL_PASSWORD:-\${MARIADB_PASSWORD:-}}
[ -n "$password" ] || password=$(first "\${MYSQL_PASSWORD_FILE:-}" "\${MARIADB_PASSWORD_FILE:-}")
files=$1
shift
while [ "$files" -gt 0 ]; do
  [ -n "$root" ] || root=$(first "$1")
  shift
  files=$((files - 1))
done
files=$1
shift
while [ "$files" -gt 0 ]; do
  [ -n "$password" ] || password=$(first "$1")
  shift
  files=$((files - 1))
done
client=$(command -v mariadb || command -v mysql) || { echo 'there is no client in the pod' >&2; exit 127; }
say() { printf '@@ %s %s\\n' "$1" "$2"; }
limit=4
as_root() { MYSQL_PWD=$root timeout "$limit" "$client" --no-defaults -u root "$@" 2>&1; }
as_user() {
  at=$1 on=$2
  shift 2
  MYSQL_PWD=$password timeout 5 "$client" --no-defaults --connect-timeout=2 -u "$user" -h "$at" -P "$on" -NBr "$@" "$database" 2>&1
}
say local server
local=$(
  limit=10
  as_root -NBr -e "SELECT JSON_OBJECT('version', @@version, 'readOnly', @@global.read_only + 0)"
)
printf '%s\\n' "$local"
case $local in *'"version"'*) ;; *) exit 0 ;; esac
say local replication
status=$(as_root -e 'SHOW REPLICA STATUS\\G') || status="ERROR $status"
case $status in
  *'ERROR 1064'*) status=$(as_root -e 'SHOW SLAVE STATUS\\G') || status="ERROR $status" ;;
esac
printf '%s\\n' "$status"
[ -z "$status" ] || exit 0
case $local in
  *MariaDB*) position=@@global.gtid_binlog_pos own=@@global.gtid_slave_pos wait=MASTER_GTID_WAIT ;;
  *) position=@@global.gtid_executed own=@@global.gtid_executed wait=WAIT_FOR_EXECUTED_GTID_SET ;;
esac
self=$(as_root -NBr -e 'SELECT @@hostname')
home=localhost home_port=3306
each() {
  wanted=$1 action=$2
  shift 2
  while [ $# -gt 0 ]; do
    [ "$1" != "$wanted" ] || "$action" "$2" "$3"
    shift 3
  done
}
is_home() {
  case $1 in "$self".*) home=$1 home_port=$2 ;; esac
}
through() {
  say "$1" host
  for attempt in 1 2 3; do
    as_user "$1" "$2" -e "SELECT JSON_OBJECT('host', @@hostname)"
  done
}
at_pod() {
  say "$1" host
  row= waited="$wait('$reached', 3) = 0"
  [ "$1" != "$home" ] || waited=1
  [ "$write" = no ] || row="SELECT JSON_OBJECT('row', token) FROM $table;"
  as_user "$1" "$2" -e "SELECT JSON_OBJECT('host', @@hostname);
    SELECT JSON_OBJECT('caughtUp', IF($waited, 1, 0));
    SELECT JSON_OBJECT('position', $own); $row"
  [ "$write" = yes ] || return 0
  say "$1" refused
  as_user "$1" "$2" -e "START TRANSACTION; INSERT INTO $table VALUES ('refused'); ROLLBACK;
    SELECT JSON_OBJECT('accepted', 1)"
}
each pod is_home "$@"
each service through "$@"
if [ "$write" = yes ]; then
  say local write
  as_user "$home" "$home_port" -e "CREATE TABLE $table (token VARCHAR(64)) ENGINE=InnoDB;
    INSERT INTO $table VALUES ('$token'); SELECT JSON_OBJECT('written', 1)"
fi
say local position
if reached=$(as_root -NBr -e "SELECT $position"); then
  reached=$(printf '%s' "$reached" | tr -cd '0-9a-fA-F:,-')
  printf '{"position": "%s"}\\n' "$reached"
else
  reached=
fi
each pod at_pod "$@"
if [ "$write" = yes ]; then
  say local remove
  as_user "$home" "$home_port" -e "DROP TABLE IF EXISTS $table; SELECT JSON_OBJECT('removed', 1)"
fi
exit 0
`

/** A host name that a server is reached by. */
export interface MysqlHost {
  readonly kind: 'service' | 'pod'
  readonly host: string
  readonly port: number
}

export interface MysqlTask {
  /** The value of the row; no other run, and no other pod, has the same. */
  readonly token: string
  readonly mayWrite: boolean
  readonly rootPasswordFiles: readonly string[]
  readonly passwordFiles: readonly string[]
  readonly hosts: readonly MysqlHost[]
}

/** The command that asks a server, for one exec in its pod. */
export function mysqlCommand(task: MysqlTask): string[] {
  const { token, mayWrite, rootPasswordFiles, passwordFiles, hosts } = task
  return [
    ...['sh', '-c', SCRIPT, 'sh', token, mayWrite ? 'yes' : 'no'],
    ...[String(rootPasswordFiles.length), ...rootPasswordFiles],
    ...[String(passwordFiles.length), ...passwordFiles],
    ...hosts.flatMap(({ kind, host, port }) => [kind, host, String(port)]),
  ]
}

/** What a server said, from the output of {@link mysqlCommand}. */
export function parseMysql(output: string, { token, mayWrite, hosts }: MysqlTask): MysqlServerSeen {
  const said = sections(output)
  const local = answer(said.get('local server'))
  const server = local.rows.find(({ version }) => version !== undefined)
  if (server === undefined) return { error: local.error ?? 'no answer in 10 s' }
  const status = said.get('local replication')
  const replication = status === undefined ? undefined : replicationOf(status)
  return {
    version: textOf(server['version']),
    readOnly: server['readOnly'] === 1,
    ...(replication === undefined ? {} : { replication }),
    ...(said.has('local position') ? { tour: tourOf(said, hosts, mayWrite ? token : undefined) } : {}),
  }
}

/** Undefined where who asked may not see it, or had no answer. */
function replicationOf(status: string): MysqlReplication | null | undefined {
  if (status === '') return null
  if (status.startsWith('ERROR')) return undefined
  const fields = new Map<string, string>()
  for (const line of status.split('\n')) {
    const [, field, value] = /^\s*(\w+): ?(.*)$/.exec(line) ?? []
    // Of several sources the first one.
    if (field !== undefined && value !== undefined && !fields.has(field)) fields.set(field, value)
  }
  // MySQL has other words for the same since 8.0.22, MariaDB not.
  const field = (...names: string[]): string =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined) ?? ''
  return {
    host: field('Source_Host', 'Master_Host'),
    receiving: field('Replica_IO_Running', 'Slave_IO_Running'),
    applying: field('Replica_SQL_Running', 'Slave_SQL_Running'),
    gtid: field('Using_Gtid', 'Auto_Position'),
    error: [field('Last_IO_Error'), field('Last_SQL_Error')].filter((error) => error !== '').join('; '),
  }
}

function tourOf(
  said: ReadonlyMap<string, string>,
  hosts: readonly MysqlHost[],
  token: string | undefined,
): MysqlTour {
  const seen = hosts.map(({ host }): [string, MysqlHostSeen] => [host, hostOf(said, host)])
  const position = value(answer(said.get('local position')).rows, 'position')
  const tour = { hosts: Object.fromEntries(seen), ...(position === undefined ? {} : { position }) }
  if (token === undefined) return tour
  const { rows, error } = answer(said.get('local write'))
  const written = rows.some((row) => row['written'] === 1)
  const removed = answer(said.get('local remove')).rows.some((row) => row['removed'] === 1)
  return { ...tour, write: { token, removed, ...(written ? {} : { error: error ?? 'no answer in 5 s' }) } }
}

function hostOf(said: ReadonlyMap<string, string>, host: string): MysqlHostSeen {
  const { rows, error } = answer(said.get(`${host} host`))
  const attempt = said.get(`${host} refused`)
  const row = value(rows, 'row')
  const position = value(rows, 'position')
  const caughtUp = rows.find((each) => 'caughtUp' in each)?.['caughtUp']
  return {
    reached: rows.flatMap((each) => ('host' in each ? [textOf(each['host'])] : [])),
    ...(caughtUp === undefined ? {} : { caughtUp: caughtUp === 1 }),
    ...(position === undefined ? {} : { position }),
    ...(row === undefined ? {} : { row }),
    ...(attempt === undefined ? {} : { refused: refusalOf(attempt) }),
    ...(error === undefined ? {} : { error }),
  }
}

function refusalOf(attempt: string): string {
  const { rows, error } = answer(attempt)
  return rows.some((row) => row['accepted'] === 1) ? 'accepted' : (error ?? 'no answer in 5 s')
}

/** Of what the client prints beside rows only errors count; it also repeats the statement, and warns. */
function answer(text: string | undefined): Rows {
  const { rows, other } = rowsIn(text ?? '')
  const errors = other.filter((line) => line.startsWith('ERROR'))
  const silent = rows.length === 0 && text !== undefined ? other : []
  const error = (errors.length > 0 ? errors : silent).join(' ')
  return error === '' ? { rows } : { rows, error }
}

interface Rows {
  readonly rows: readonly Row[]
  readonly error?: string
}

function value(rows: readonly Row[], name: string): string | undefined {
  const row = rows.find((each) => name in each)
  return row === undefined ? undefined : textOf(row[name])
}
