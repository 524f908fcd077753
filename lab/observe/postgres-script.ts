import { rowsIn, textOf } from './rows.js'
import type { Row } from './rows.js'
import { sections } from './sections.js'
import type {
  PatroniSettings,
  PostgresHostSeen,
  PostgresServerSeen,
  PostgresStandby,
  PostgresTour,
} from './model/postgres.js'

/**
 * Asks the server of the pod it runs in, for any POSIX sh with psql and timeout. Only where that server is no
 * replica it goes on: it connects to each host by name, writes a row, and reads it at each pod. So of all pods
 * of a healthy set one makes connections, whichever is primary, and nobody has to know it beforehand.
 *
 * The user is the image's own, `postgres` unless said otherwise. The password is what the pod has: a file of a
 * Secret, or the variables of the official image. It goes to psql by the environment.
 *
 * That the server is there is what the first question finds out: it has time enough for a machine that is busy.
 * Less of it is for the connection, so that psql can still say what it waited for.
 *
 * A replica is given 3 seconds to replay the row, by its position in the log. The table is the run's own, and is
 * dropped, without waiting for replicas. A commit that waits for one in vain is called off after 4 seconds.
 *
 * Arguments: table, value, `yes` or `no` to write, host to write to (empty: by the socket), its port, number of
 * files, the files; then by twos and threes: `service <host> <port>`, `pod <host> <port>`.
 */
const SCRIPT = `
table=$1 token=$2 write=$3 target=$4 target_port=$5 files=$6
shift 6
user=\${POSTGRES_USER:-postgres}
password=\${PGPASSWORD:-\${POSTGRES_PASSWORD:-}}
[ -n "$password" ] || [ ! -r "\${POSTGRES_PASSWORD_FILE:-}" ] || password=$(cat "$POSTGRES_PASSWORD_FILE")
while [ "$files" -gt 0 ]; do
  [ -n "$password" ] || [ ! -r "$1" ] || password=$(cat "$1")
  shift
  files=$((files - 1))
done
[ -z "$password" ] || export PGPASSWORD="$password"
export PGAPPNAME=headless-lab-verify
give() {
  limit=$1
  export PGCONNECT_TIMEOUT="$2" PGOPTIONS="-c statement_timeout=\${1}000 -c client_min_messages=error"
}
command -v psql > /dev/null || { echo 'there is no psql in the pod' >&2; exit 127; }
say() { printf '@@ %s %s\\n' "$1" "$2"; }
sql() { timeout -s INT "$limit" psql -XAtqw -U "$user" -d postgres "$@" 2>&1; }
say local server
give 10 8
local=$(sql <<'END'
SELECT jsonb_build_object(
  'inRecovery', pg_is_in_recovery(),
  'synchronousNames', current_setting('synchronous_standby_names'),
  'receiver', (SELECT jsonb_build_object('status', status, 'host', sender_host) FROM pg_stat_wal_receiver),
  'standbys', (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', application_name, 'address', host(client_addr), 'state', state, 'sync', sync_state
    ) ORDER BY application_name), '[]') FROM pg_stat_replication));
SELECT jsonb_build_object('patroni', jsonb_build_object(
  'synchronousMode', coalesce(settings ->> 'synchronous_mode', 'false'),
  'synchronousNodes', coalesce(settings ->> 'synchronous_node_count', '1')::int))
FROM (SELECT pg_read_file('patroni.dynamic.json', 0, 1000000, true)::json AS settings) AS file
WHERE settings IS NOT NULL
UNION ALL SELECT jsonb_build_object('patroni', NULL)
WHERE pg_read_file('patroni.dynamic.json', 0, 1000000, true) IS NULL;
END
)
printf '%s\\n' "$local"
case $local in *'"inRecovery": false'*) ;; *) exit 0 ;; esac
give 4 2
route="SELECT jsonb_build_object('address', host(inet_server_addr()), 'inRecovery', pg_is_in_recovery());"
written() {
  cat <<'END'
SELECT set_config('headless_lab.lsn', :'lsn', false) \\g /dev/null
DO $$ BEGIN
  FOR attempt IN 1..150 LOOP
    EXIT WHEN NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= current_setting('headless_lab.lsn')::pg_lsn;
    PERFORM pg_sleep(0.02);
  END LOOP;
END $$;
SELECT jsonb_build_object('row', token) FROM :"table";
END
}
lsn=
pods=
visit() {
  while [ $# -gt 0 ]; do
    kind=$1 host=$2 port=$3
    shift 3
    [ "$kind" = "$now" ] || continue
    say "$host" host
    if [ "$kind" = service ]; then
      printf '%s\\n' "$route" '\\c postgres' "$route" '\\c postgres' "$route" | sql -h "$host" -p "$port"
    elif [ -n "$lsn" ]; then
      { echo "$route"; written; } | sql -h "$host" -p "$port" -v table="$table" -v lsn="$lsn"
    else
      echo "$route" | sql -h "$host" -p "$port"
    fi
  done
}
now=service visit "$@"
if [ "$write" = yes ]; then
  say local write
  answer=$(sql -h "$target" -p "$target_port" -v ON_ERROR_STOP=1 -v table="$table" -v token="$token" <<'END'
CREATE TABLE :"table" (token text);
INSERT INTO :"table" VALUES (:'token');
SELECT jsonb_build_object('lsn', pg_current_wal_lsn());
END
)
  printf '%s\\n' "$answer"
  lsn=$(printf '%s\\n' "$answer" | sed -n 's/^{"lsn": "\\([0-9A-F/]*\\)"}$/\\1/p')
fi
now=pod visit "$@"
if [ "$write" = yes ]; then
  say local remove
  PGOPTIONS="$PGOPTIONS -c synchronous_commit=local"
  echo 'DROP TABLE IF EXISTS :"table"; SELECT jsonb_build_object('"'removed'"', true);' |
    sql -h "$target" -p "$target_port" -v ON_ERROR_STOP=1 -v table="$table"
fi
exit 0
`

/** A host name that a server is reached by. */
export interface PostgresHost {
  readonly kind: 'service' | 'pod'
  readonly host: string
  readonly port: number
}

export interface PostgresTask {
  /** The value of the row; no other run, and no other pod, has the same. */
  readonly token: string
  readonly mayWrite: boolean
  /** Where the row is written; absent: on the server of the pod itself. */
  readonly writeTo?: PostgresHost
  readonly passwordFiles: readonly string[]
  readonly hosts: readonly PostgresHost[]
  readonly port: number
}

/** The command that asks a server, for one exec in its pod. */
export function postgresCommand(task: PostgresTask): string[] {
  const { token, mayWrite, writeTo, passwordFiles, hosts } = task
  return [
    ...['sh', '-c', SCRIPT, 'sh', `headless_lab_verify_${token.replaceAll('-', '')}`, token],
    ...[mayWrite ? 'yes' : 'no', writeTo?.host ?? '', String(writeTo?.port ?? task.port)],
    ...[String(passwordFiles.length), ...passwordFiles],
    ...hosts.flatMap(({ kind, host, port }) => [kind, host, String(port)]),
  ]
}

/** What a server said, from the output of {@link postgresCommand}. */
export function parsePostgres(output: string, { token, mayWrite, hosts }: PostgresTask): PostgresServerSeen {
  const said = sections(output)
  const local = answerOf(said.get('local server') ?? '')
  const server = local.rows.find(({ inRecovery }) => inRecovery !== undefined)
  if (server === undefined) return { error: local.error ?? 'no answer in 10 s' }
  const { inRecovery, synchronousNames, receiver, standbys } = server
  const patroni = local.rows.find((row) => 'patroni' in row)
  return {
    inRecovery: inRecovery === true,
    synchronousNames: textOf(synchronousNames),
    receiver: receiver as PostgresServerSeen['receiver'] & object,
    standbys: standbys as readonly PostgresStandby[],
    ...(patroni === undefined ? {} : { patroni: patroni['patroni'] as PatroniSettings | null }),
    ...(inRecovery === false ? { tour: tourOf(said, hosts, mayWrite ? token : undefined) } : {}),
  }
}

function tourOf(
  said: ReadonlyMap<string, string>,
  hosts: readonly PostgresHost[],
  token: string | undefined,
): PostgresTour {
  const seen = hosts.map(({ host }): [string, PostgresHostSeen] => {
    const { rows, error } = answerOf(said.get(`${host} host`) ?? '')
    const reached = rows.flatMap(({ address, inRecovery }) =>
      address === undefined ? [] : [{ address: textOf(address), inRecovery: inRecovery === true }],
    )
    const row = rows.find((each) => 'row' in each)?.['row']
    return [
      host,
      {
        reached,
        ...(row === undefined ? {} : { row: textOf(row) }),
        ...(error === undefined ? {} : { error }),
      },
    ]
  })
  const tour = { hosts: Object.fromEntries(seen) }
  if (token === undefined) return tour
  const { rows, error } = answerOf(said.get('local write') ?? '')
  const lsn = rows.find((row) => 'lsn' in row)?.['lsn']
  const removed = answerOf(said.get('local remove') ?? '').rows.some((row) => row['removed'] === true)
  const write = {
    token,
    removed,
    ...(lsn === undefined ? { error: error ?? 'not acknowledged in 4 s' } : { lsn: textOf(lsn) }),
  }
  return { ...tour, write }
}

interface Answer {
  readonly rows: readonly Row[]
  /** What psql said beside them, in one line: it was told to say only what went wrong. */
  readonly error?: string
}

function answerOf(text: string): Answer {
  const { rows, other } = rowsIn(text)
  return other.length === 0 ? { rows } : { rows, error: other.join(' ').replaceAll(/\s+/g, ' ') }
}
