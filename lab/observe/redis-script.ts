import type { RedisSet } from './model/redis.js'
import type { RedisSeen, RedisServerSeen } from './model/observations.js'

/**
 * Asks every server of a Redis, for any POSIX sh with redis-cli and timeout. Each answer follows a line
 * `@@ <host> <what>`. A server that does not answer PING is asked nothing more: it costs one time-out only.
 *
 * The write and WAIT go over one connection, since WAIT counts acknowledgements of its own connection's writes.
 * What is written expires by itself, should this script not come to its end.
 *
 * Arguments: key, value, number of replicas, host of the master, hosts of the replicas.
 */
const SCRIPT = `
key=$1 value=$2 count=$3 master=$4
shift 3
say() { printf '@@ %s %s\\n' "$1" "$2"; }
ask() { at=$1; shift; timeout 2 redis-cli -h "$at" "$@" 2>&1 || true; }
alive=
for host in "$@"; do
  say "$host" ping
  pong=$(ask "$host" PING)
  printf '%s\\n' "$pong"
  [ "$pong" = PONG ] || continue
  alive="$alive $host"
  say "$host" replication
  ask "$host" INFO replication
done
case " $alive " in *" $master "*) ;; *) exit 0 ;; esac
say "$master" write
printf 'SET %s %s EX 60\\nWAIT %s 1000\\n' "$key" "$value" "$count" | ask "$master"
for host in $alive; do
  [ "$host" != "$master" ] || continue
  say "$host" read
  ask "$host" GET "$key"
  say "$host" write
  answer=$(ask "$host" SET "$key:refused" "$value" EX 60)
  printf '%s\\n' "$answer"
  [ "$answer" != OK ] || ask "$host" DEL "$key:refused" > /dev/null
done
say "$master" remove
ask "$master" DEL "$key"
`

/** The command that asks the servers of a Redis, for one exec. */
export function redisCommand({ master, replicas }: RedisSet, token: string): string[] {
  const hosts = [master, ...replicas].map(({ fqdn }) => fqdn)
  return ['sh', '-c', SCRIPT, 'sh', keyOf(token), token, String(replicas.length), ...hosts]
}

/** What the servers said, from the output of {@link redisCommand}. */
export function parseRedis(output: string, { master, replicas }: RedisSet, token: string): RedisSeen {
  const answers = sections(output)
  const answer = (host: string, what: string): string | undefined => answers.get(`${host} ${what}`)
  const server = (host: string, isMaster: boolean): RedisServerSeen => {
    const replication = answer(host, 'replication')
    const read = answer(host, 'read')
    const write = isMaster ? undefined : answer(host, 'write')
    return {
      ping: answer(host, 'ping') ?? '',
      ...(replication === undefined ? {} : { replication: parseInfo(replication) }),
      ...(read === undefined ? {} : { read }),
      ...(write === undefined ? {} : { write }),
    }
  }
  const [set = '', acknowledged = ''] = (answer(master.fqdn, 'write') ?? '').split('\n')
  return {
    token,
    servers: Object.fromEntries(
      [master, ...replicas].map((pod) => [pod.name, server(pod.fqdn, pod === master)]),
    ),
    write: { set, acknowledged, removed: answer(master.fqdn, 'remove') ?? '' },
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

/** The key of a run. It says whose it is, should anybody meet it. */
function keyOf(token: string): string {
  return `headless-lab:verify:${token}`
}

function sections(output: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const section of output.replaceAll('\r', '').split(/^@@ /m).slice(1)) {
    const end = section.indexOf('\n')
    found.set(section.slice(0, end).trim(), section.slice(end + 1).trim())
  }
  return found
}
