import { sections } from './sections.js'
import { redisMaster, redisPods } from './model/redis.js'
import type { RedisSet } from './model/redis.js'
import type { RedisSeen, RedisSentinelSeen, RedisServerSeen } from './model/observations.js'

/** How the script says that its pod has no redis-cli. */
export const NO_REDIS_CLI = 127

/**
 * Asks every server of a Redis, for any POSIX sh with redis-cli, sed and timeout. Each answer follows a line
 * `@@ <host> <what>`. All are asked for PING at once, with time enough for a machine that is busy. A server that
 * does not answer is asked nothing more: those that are silent cost one time-out together.
 *
 * What is not answered in time says so, since an empty answer is one too: GET has it for a key that is not there.
 * redis-cli itself ends with 0 or 1.
 *
 * The write, WAIT and the position behind it go over one connection, since WAIT counts acknowledgements of its own
 * connection's writes. A replica is asked for its position again until it is there: a ping of the master may have
 * moved that on in between. What is written expires by itself, should this script not come to its end.
 *
 * The password is what the pod has: a file of a Secret, or the variables of common images. It goes to redis-cli by
 * the environment. Without an argument for it the master is the only server that says it is one.
 *
 * Arguments: key, value, number of replicas, `yes` or `no` to write, host of the master (may be empty), port, port
 * of Sentinel (may be empty), number of files, the files, hosts of all servers.
 */
const SCRIPT = `
key=$1 value=$2 count=$3 write=$4 master=$5 port=$6 sentinel=$7 files=$8
shift 8
password=\${REDISCLI_AUTH:-\${REDIS_PASSWORD:-}}
[ -n "$password" ] || [ ! -r "\${REDIS_PASSWORD_FILE:-}" ] || password=$(cat "$REDIS_PASSWORD_FILE")
while [ "$files" -gt 0 ]; do
  [ -n "$password" ] || [ ! -r "$1" ] || password=$(cat "$1")
  shift
  files=$((files - 1))
done
[ -z "$password" ] || export REDISCLI_AUTH="$password"
command -v redis-cli > /dev/null || { echo 'there is no redis-cli in the pod' >&2; exit ${NO_REDIS_CLI}; }
say() { printf '@@ %s %s\\n' "$1" "$2"; }
limit=2
cli() { timeout "$limit" redis-cli --no-auth-warning "$@" 2>&1 || [ $? = 1 ] || echo "no answer in $limit s"; }
ask() { at=$1; shift; cli -h "$at" -p "$port" "$@"; }
field() { sed -n "s/^$1:\\([^[:cntrl:]]*\\).*/\\1/p"; }
pongs=$(
  limit=6
  for host in "$@"; do
    {
      pong=$(ask "$host" PING)
      printf '@@ %s ping\\n%s\\n' "$host" "$pong"
    } &
  done
  wait
)
printf '%s\\n' "$pongs"
alive=
masters=
for host in "$@"; do
  # An answer ends where the next one begins.
  case "$pongs
@@" in *"@@ $host ping
PONG
@@"*) ;; *) continue ;; esac
  alive="$alive $host"
  say "$host" replication
  info=$(ask "$host" INFO replication)
  printf '%s\\n' "$info"
  [ "$(printf '%s\\n' "$info" | field role)" != master ] || masters="$masters $host"
  [ -n "$sentinel" ] || continue
  say "$host" sentinel
  cli -h "$host" -p "$sentinel" SENTINEL MASTERS
done
[ "$write" = yes ] || exit 0
[ -n "$master" ] || master=\${masters# }
case $master in '' | *' '*) exit 0 ;; esac
case " $alive " in *" $master "*) ;; *) exit 0 ;; esac
say "$master" write
# WAIT may take a second of it.
written=$(limit=4; printf 'SET %s %s EX 60\\nWAIT %s 1000\\nINFO replication\\n' "$key" "$value" "$count" | ask "$master")
printf '%s\\n' "$written"
offset=$(printf '%s\\n' "$written" | field master_repl_offset)
reached() {
  tries=0
  while :; do
    info=$(ask "$1" INFO replication)
    case $info in *role:*) ;; *) return ;; esac
    at_offset=$(printf '%s\\n' "$info" | field slave_repl_offset)
    [ -z "$at_offset" ] || [ -z "$offset" ] || [ "$at_offset" -lt "$offset" ] || break
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || break
    sleep 0.1
  done
  say "$1" offset
  printf '%s\\n' "$at_offset"
}
for host in $alive; do
  [ "$host" != "$master" ] || continue
  say "$host" read
  ask "$host" GET "$key"
  reached "$host"
  say "$host" write
  answer=$(ask "$host" SET "$key:refused" "$value" EX 60)
  printf '%s\\n' "$answer"
  [ "$answer" != OK ] || ask "$host" DEL "$key:refused" > /dev/null
done
say "$master" remove
ask "$master" DEL "$key"
`

/** The command that asks the servers of a Redis, for one exec. */
export function redisCommand(redis: RedisSet, token: string, mayWrite = true): string[] {
  const { master, replicas, byOrdinal, port, sentinelPort = '', passwordFiles } = redis
  return [
    ...['sh', '-c', SCRIPT, 'sh', keyOf(token), token, String(replicas.length), mayWrite ? 'yes' : 'no'],
    ...[byOrdinal ? master.fqdn : '', String(port), String(sentinelPort)],
    ...[String(passwordFiles.length), ...passwordFiles],
    ...redisPods(redis).map(({ fqdn }) => fqdn),
  ]
}

/** What the servers said, from the output of {@link redisCommand}. */
export function parseRedis(output: string, redis: RedisSet, token: string, mayWrite = true): RedisSeen {
  const answers = sections(output)
  const answer = (host: string, what: string): string | undefined => answers.get(`${host} ${what}`)
  const pods = redisPods(redis)
  const asked = Object.fromEntries(pods.map(({ name, fqdn }) => [name, serverOf(answers, fqdn)]))
  const master = redisMaster(redis, asked)
  const servers = Object.fromEntries(
    pods.map(({ name, fqdn }) => {
      const write = name === master?.name ? undefined : answer(fqdn, 'write')
      return [
        name,
        { ...asked[name], ping: asked[name]?.ping ?? '', ...(write === undefined ? {} : { write }) },
      ]
    }),
  )
  const written = master === undefined ? '' : (answer(master.fqdn, 'write') ?? '')
  const [set = '', acknowledged = ''] = written.split('\n')
  const offset = parseInfo(written)['master_repl_offset']
  const removed = master === undefined ? '' : (answer(master.fqdn, 'remove') ?? '')
  return {
    token,
    servers,
    write: { set, acknowledged, removed, ...(offset === undefined ? {} : { offset }) },
    ...(mayWrite ? {} : { readOnly: true }),
  }
}

function serverOf(answers: ReadonlyMap<string, string>, host: string): RedisServerSeen {
  const answer = (what: string): string | undefined => answers.get(`${host} ${what}`)
  const replication = answer('replication')
  const read = answer('read')
  const offset = answer('offset')
  const sentinel = answer('sentinel')
  return {
    ping: answer('ping') ?? '',
    ...(replication === undefined ? {} : { replication: parseInfo(replication) }),
    ...(read === undefined ? {} : { read }),
    ...(offset === undefined ? {} : { offset }),
    ...(sentinel === undefined ? {} : { sentinel: parseSentinel(sentinel) }),
  }
}

/** The fields of a section of INFO. */
export function parseInfo(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':')
      return at === -1 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    }),
  )
}

/** Names of fields and their values, a line each; every master begins with its name. */
export function parseSentinel(text: string): RedisSentinelSeen {
  const lines = text.split(/\r?\n/)
  if (text !== '' && lines[0] !== 'name') return { masters: [], error: text.replaceAll(/\s+/g, ' ') }
  const masters: Record<string, string>[] = []
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [field = '', value = ''] = lines.slice(at, at + 2)
    if (field === 'name') masters.push({})
    const master = masters.at(-1)
    if (master !== undefined) master[field] = value
  }
  return { masters }
}

/** The key of a run. It says whose it is, should anybody meet it. */
function keyOf(token: string): string {
  return `headless-lab:verify:${token}`
}
