import { sections } from './sections.js'
import { KAFKA_MESSAGES, KAFKA_TOPIC } from './model/kafka.js'
import type { KafkaBootstrap, KafkaClient, KafkaNode, KafkaSet, KafkaTopic } from './model/kafka.js'

/**
 * Shows what the volume of a broker says of it, for any POSIX sh: who it is, and what it last heard of the
 * quorum. Kafka writes that file at every election, so that no JVM is needed to ask.
 *
 * Arguments: directories that may hold the data, or hold the directory that does.
 */
const NODE_SCRIPT = `
for directory in "$@"; do
  for data in "$directory" "$directory"/*; do
    [ -f "$data/__cluster_metadata-0/quorum-state" ] || continue
    echo '@@ node'
    cat "$data/meta.properties"
    echo
    echo '@@ quorum'
    cat "$data/__cluster_metadata-0/quorum-state"
    exit
  done
done
echo 'no directory of the broker has a file __cluster_metadata-0/quorum-state' >&2
exit 1
`

/** The command that shows what the volume of a broker says, for one exec in its pod. */
export function kafkaNodeCommand({ directories }: KafkaSet): string[] {
  return ['sh', '-c', NODE_SCRIPT, 'sh', ...directories]
}

/** What the volume says, from the output of {@link kafkaNodeCommand}. */
export function parseKafkaNode(output: string): KafkaNode {
  const found = sections(output)
  const meta = found.get('node') ?? ''
  const property = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(meta)?.[1] ?? ''
  const { leaderId, leaderEpoch, currentVoters } = JSON.parse(found.get('quorum') ?? '') as {
    readonly leaderId: number
    readonly leaderEpoch: number
    readonly currentVoters?: readonly { readonly voterId: number }[]
  }
  // The time a volume was formatted stands there too, with colons escaped: other values have none.
  return {
    id: Number(property('node\\.id')),
    cluster: property('cluster\\.id'),
    leader: leaderId,
    epoch: leaderEpoch,
    ...(currentVoters === undefined
      ? {}
      : { voters: currentVoters.map(({ voterId }) => voterId).sort((a, b) => a - b) }),
  }
}

/**
 * Asks a Kafka as a client does, for any POSIX sh with kcat, sed and timeout. Each answer follows a line
 * `@@ <what> <address>`.
 *
 * Every address is begun at by a client of its own, all at once: one that is silent costs the time of one only.
 * Of each only the list of brokers is shown, which one write can hold, so that answers do not mix.
 *
 * What is written is read from the time of writing on, by the key that no other run has. A producer that counts
 * its messages (idempotence) writes none twice.
 *
 * Arguments: token, number of messages (0: write nothing), topic, all brokers separated by commas, addresses.
 */
const CLIENT_SCRIPT = `
token=$1 count=$2 topic=$3 brokers=$4
shift 4
if ! command -v kcat > /dev/null; then
  echo 'the probe image has no kcat' >&2
  exit 127
fi
for address in "$@"; do
  {
    answer=$(timeout 4 kcat -L -b "$address" -m 2 2>&1 | sed '/ topics:$/q')
    printf '@@ bootstrap %s\\n%s\\n' "$address" "$answer"
  } &
done
if [ "$count" -gt 0 ]; then
  from=$(date +%s%3N)
  answer=$(
    i=0
    while [ "$i" -lt "$count" ]; do
      i=$((i + 1))
      echo "$token $i"
    done | timeout 5 kcat -P -b "$brokers" -t "$topic" -K ' ' -X acks=all -X enable.idempotence=true \\
      -X linger.ms=0 -X message.timeout.ms=3000 2>&1
  )
  ended=$?
  printf '@@ write %s\\n%s\\n' "$ended" "$answer"
  if [ "$ended" = 0 ]; then
    answer=$(
      timeout 3 kcat -q -C -b "$brokers" -t "$topic" -o "s@$from" -e -K ' ' -X fetch.wait.max.ms=50 2>&1 |
        sed -n "s/^$token //p"
    )
    printf '@@ read\\n%s\\n' "$answer"
  fi
fi
wait
echo '@@ topics'
timeout 3 kcat -q -L -J -b "$brokers" -m 2 2> /dev/null || true
`

/** The command that asks a Kafka as a client does, for one exec. */
export function kafkaClientCommand({ brokers, services }: KafkaSet, token: string, write: boolean): string[] {
  const addresses = brokers.map(({ address }) => address)
  return [
    ...['sh', '-c', CLIENT_SCRIPT, 'sh', token, String(write ? KAFKA_MESSAGES : 0), KAFKA_TOPIC],
    ...[addresses.join(','), ...addresses, ...services.map(({ address }) => address)],
  ]
}

/** What the client was told, from the output of {@link kafkaClientCommand}. */
export function parseKafkaClient(output: string): KafkaClient {
  const answers = [...sections(output)]
  const bootstraps = answers.flatMap(([title, text]): [string, KafkaBootstrap][] =>
    title.startsWith('bootstrap ') ? [[title.slice('bootstrap '.length), parseBootstrap(text)]] : [],
  )
  const written = answers.find(([title]) => title.startsWith('write '))
  const read = answers.find(([title]) => title === 'read')
  const topics = answers.find(([title]) => title === 'topics')?.[1] ?? ''
  return {
    bootstraps: Object.fromEntries(bootstraps),
    ...(topics === '' ? {} : { topics: parseTopics(topics) }),
    ...(written === undefined
      ? {}
      : {
          written:
            read === undefined
              ? { refused: errorOf(written[1], `kcat ended with ${written[0].slice('write '.length)}`) }
              : { read: read[1].split('\n').filter((line) => line !== '') },
        }),
  }
}

function parseBootstrap(text: string): KafkaBootstrap {
  const brokers = [...text.matchAll(/^ +broker (-?\d+) at (\S+)/gm)].map(([, id, address = '']) => ({
    ...{ id: Number(id), address },
  }))
  if (brokers.length === 0) return { error: errorOf(text) }
  return { brokers: brokers.sort((a, b) => a.id - b.id) }
}

interface Id {
  readonly id: number
}

function parseTopics(text: string): KafkaTopic[] {
  const { topics } = JSON.parse(text) as {
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly {
        readonly partition: number
        readonly leader: number
        readonly replicas: readonly Id[]
        readonly isrs: readonly Id[]
      }[]
    }[]
  }
  const ids = (list: readonly Id[]): number[] => list.map(({ id }) => id).sort((a, b) => a - b)
  return topics.map(({ topic, partitions }) => ({
    name: topic,
    partitions: partitions.map(({ partition, leader, replicas, isrs }) => ({
      ...{ partition, leader, replicas: ids(replicas), inSync: ids(isrs) },
    })),
  }))
}

/** What kcat says went wrong, without times: the same in each round. */
function errorOf(text: string, otherwise = 'no answer in time'): string {
  const reason = /\]: (?:\S+:\d+\/\S+: )?(.*?)(?: \(after .*)?$/m.exec(text)?.[1]
  return reason ?? /^% ?(?:ERROR: )?(.*)$/m.exec(text)?.[1] ?? (text.trim() || otherwise)
}
