import { KAFKA_MESSAGES, KAFKA_TOPIC, kafkaSets } from '../observe/model/kafka.js'
import type {
  KafkaBootstrap,
  KafkaBroker,
  KafkaClient,
  KafkaMember,
  KafkaNode,
  KafkaSeen,
  KafkaService,
  KafkaSet,
} from '../observe/model/kafka.js'
import { nameOf, namespaceOf } from '../observe/model/declared.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context, Outcome, Scope } from './check.js'
import { compare } from './outcome.js'

const eachKafka: Scope<KafkaSet> = {
  items: ({ declared, lab }) => kafkaSets(declared, lab),
  subject: ({ set, namespace }) => ({ kind: 'StatefulSet', namespace, name: nameOf(set) }),
}

interface OneBroker {
  readonly kafka: KafkaSet
  readonly broker: KafkaBroker
}

const eachBroker: Scope<OneBroker> = {
  items: (world) =>
    eachKafka.items(world).flatMap((kafka) => kafka.brokers.map((broker) => ({ kafka, broker }))),
  subject: ({ kafka, broker }) => ({ kind: 'Pod', namespace: kafka.namespace, name: broker.name }),
}

interface OneService {
  readonly kafka: KafkaSet
  readonly at: KafkaService
}

const eachBootstrap: Scope<OneService> = {
  items: (world) => eachKafka.items(world).flatMap((kafka) => kafka.services.map((at) => ({ kafka, at }))),
  subject: ({ at: { service } }) => ({
    kind: 'Service',
    namespace: namespaceOf(service),
    name: nameOf(service),
  }),
}

const nodeId = defineCheck({
  id: 'kafka.node-id',
  title:
    "the broker's volume has the index of the pod as its node id, and the id of the same cluster as all others",
  answers: '002 Kafka cluster (KAFKA_NODE_ID from the pod index)',
  needs: ['kafka'],
  hint: 'A volume keeps what it was formatted with: it was another pod’s, or of another cluster. See meta.properties on it.',
  of: eachBroker,
  judge: ({ kafka, broker }, context) => {
    if (!kafka.idsAreOrdinals) return skipped('the pods are not told to take their index as their node id')
    const { id, cluster } = node(kafka, broker, context)
    const [first = cluster] = nodesSeen(kafka, context).seen.map(({ node }) => node.cluster)
    return compare(
      { id: broker.ordinal, cluster: first },
      { id, cluster },
      onVolume(kafka, 'meta.properties', broker),
    )
  },
})

const quorumVoters = defineCheck({
  id: 'kafka.quorum.voters',
  title: 'every controller counts exactly the pods of the StatefulSet as voters',
  answers: '002 Kafka cluster (corrected: it names no quorum)',
  needs: ['kafka'],
  hint: 'controller.quorum.voters of that pod says something else than the others do, or replicas was changed while volumes were kept.',
  of: eachKafka,
  judge: (kafka, context) => {
    const ids = kafka.brokers.map((broker) => node(kafka, broker, context).id).sort((a, b) => a - b)
    const voters = kafka.brokers.map((broker): [string, readonly number[]] => {
      const { voters } = node(kafka, broker, context)
      if (voters === undefined)
        throw new Unobserved(`${broker.name} keeps the voters in its log, not in quorum-state`)
      return [broker.name, voters]
    })
    return compare(
      Object.fromEntries(kafka.brokers.map(({ name }) => [name, ids])),
      Object.fromEntries(voters),
      onVolume(kafka, 'quorum-state'),
    )
  },
})

const quorumLeader = defineCheck({
  id: 'kafka.quorum.leader',
  title: 'all controllers know the same leader of the same election, and it is one of them',
  answers: '002 Kafka cluster (corrected: it names no quorum)',
  needs: ['kafka'],
  hint: 'No leader: fewer than half of the voters reach each other by name on port 9093 (dns.pod.a, a policy). Two: a pod is cut off; see its log.',
  of: eachKafka,
  judge: (kafka, context) => {
    const { seen, missing } = nodesSeen(kafka, context)
    const ids = seen.map(({ node }) => node.id)
    const views = seen.map(({ node: { leader, epoch } }) => ({ leader, epoch }))
    const [first] = views
    const agree = views.every(({ leader, epoch }) => leader === first?.leader && epoch === first.epoch)
    // With a pod unseen its id is unknown, and the leader may be that one.
    if (agree && missing.length > 0) throw new Unobserved(missing.join('; '))
    const elected = first !== undefined && ids.includes(first.leader)
    return {
      verdict: agree && elected ? 'pass' : 'fail',
      ...onVolume(kafka, 'quorum-state'),
      expected: { leader: `one of ${ids.join(', ')}`, epoch: 'the same for all' },
      observed: agree && elected ? first : Object.fromEntries(seen.map(({ pod }, i) => [pod, views[i]])),
    }
  },
})

const brokerAnswers = defineCheck({
  id: 'kafka.broker.answers',
  title: 'the broker answers a client by the name of its pod',
  answers: '002 Kafka cluster; Verifying headless services',
  needs: ['kafka'],
  hint: 'The pod is not there or not Ready (workloads.ready), its name does not resolve (dns.pod.a), or a policy cuts the way.',
  of: eachBroker,
  judge: ({ kafka, broker: { address } }, context) => {
    const answer = answerAt(kafka, address, context)
    return compare('an answer', 'error' in answer ? answer.error : 'an answer', kcat(address))
  },
})

const advertised = defineCheck({
  id: 'kafka.broker.advertised',
  title: 'the broker of this node id advertises the whole name of this pod',
  answers: '002 Kafka cluster (corrected: its advertised name is not expanded)',
  needs: ['kafka'],
  hint: 'advertised.listeners of the pod: a variable that is used before it is defined stays as it is written, and an address is another one after each restart.',
  of: eachBroker,
  judge: ({ kafka, broker }, context) => {
    const { id } = node(kafka, broker, context)
    const members = anyAnswer(kafka, context)
    const address = members.find((member) => member.id === id)?.address ?? 'not in the cluster'
    return compare({ id, address: broker.address }, { id, address }, kcat(broker.address))
  },
})

const bootstrap = defineCheck({
  id: 'kafka.bootstrap',
  title: 'a client that knows the name of the service only is told of every broker by the name of its pod',
  answers: '002 Kafka cluster; Verifying headless services',
  needs: ['kafka'],
  hint: 'The name leads to no ready broker (dns.*, endpointslices.addresses), or the broker it led to does not know all others.',
  of: eachBootstrap,
  judge: ({ kafka, at: { address } }, context) => {
    const answer = answerAt(kafka, address, context)
    const expected = kafka.brokers.map((broker) => broker.address).sort()
    const observed = 'error' in answer ? answer.error : answer.brokers.map((member) => member.address).sort()
    return compare(expected, observed, kcat(address))
  },
})

const inSync = defineCheck({
  id: 'kafka.partitions.in-sync',
  title: 'every partition has a leader, and all its replicas are in sync',
  answers: 'Kafka: Design, Replication',
  needs: ['kafka'],
  hint: 'The missing broker is away, or still fetches what it missed: see kafka.broker.answers and the log of its pod.',
  of: eachKafka,
  judge: (kafka, context) => {
    const { topics } = client(kafka, context)
    if (topics === undefined) throw new Unobserved('no broker told its topics (kafka.broker.answers)')
    const all = topics.flatMap(({ name, partitions }) =>
      partitions.map((partition) => ({ name: `${name}-${partition.partition}`, ...partition })),
    )
    if (all.length === 0) return skipped('there are no topics yet')
    const bad = all.filter(
      ({ leader, replicas, inSync }) => inSync.length !== replicas.length || !replicas.includes(leader),
    )
    const behind = bad.map(({ name, leader, replicas, inSync }) => [name, { leader, replicas, inSync }])
    return compare(
      { partitions: all.length, behind: {} },
      { partitions: all.length, behind: Object.fromEntries(behind) as object },
      { source: 'kcat -L -J, in a probe pod' },
    )
  },
})

const writtenRead = defineCheck({
  id: 'kafka.write-read',
  title: 'messages that all in-sync replicas acknowledged are read again, each once and in order',
  answers: '002 Kafka cluster; Kafka: Design, Replication',
  needs: ['kafka'],
  hint: 'Not acknowledged: fewer replicas are in sync than min.insync.replicas asks for (kafka.partitions.in-sync), or the leader is away.',
  of: eachKafka,
  judge: (kafka, context) => {
    const { written } = client(kafka, context)
    if (written === undefined) return skipped('nothing is written to this cluster')
    const { refused, read } = written
    if (/unknown topic/i.test(refused ?? ''))
      throw new Unobserved(
        `the brokers have no topic ${KAFKA_TOPIC} and make none (auto.create.topics.enable)`,
      )
    usable(refused)
    const messages = Array.from({ length: KAFKA_MESSAGES }, (_, i) => String(i + 1))
    return compare(
      { acknowledged: 'all', read: messages },
      { acknowledged: refused ?? 'all', read: read ?? [] },
      { source: `kcat -P -t ${KAFKA_TOPIC} -X acks=all, then kcat -C, in a probe pod` },
    )
  },
})

export const kafkaChecks = [
  nodeId,
  quorumVoters,
  quorumLeader,
  brokerAnswers,
  advertised,
  bootstrap,
  inSync,
  writtenRead,
]

function seenOf(kafka: KafkaSet, { observations, read }: Context): KafkaSeen {
  return read(observations.kafka[kafka.key])
}

function node(kafka: KafkaSet, broker: KafkaBroker, context: Context): KafkaNode {
  return context.read(seenOf(kafka, context).nodes[broker.name])
}

function client(kafka: KafkaSet, context: Context): KafkaClient {
  return context.read(seenOf(kafka, context).client)
}

/** What is known of the brokers, and why of some nothing is. */
function nodesSeen(
  kafka: KafkaSet,
  context: Context,
): { seen: { pod: string; node: KafkaNode }[]; missing: string[] } {
  const seen: { pod: string; node: KafkaNode }[] = []
  const missing: string[] = []
  for (const broker of kafka.brokers) {
    try {
      seen.push({ pod: broker.name, node: node(kafka, broker, context) })
    } catch (error) {
      if (!(error instanceof Unobserved)) throw error
      missing.push(error.message)
    }
  }
  return { seen, missing }
}

function answerAt(kafka: KafkaSet, address: string, context: Context): KafkaBootstrap {
  const answer = client(kafka, context).bootstraps[address]
  if (answer === undefined) throw new Unobserved(`${address} was not asked`)
  if ('error' in answer) usable(answer.error)
  return answer
}

/** What the first broker that answers tells of all. */
function anyAnswer(kafka: KafkaSet, context: Context): readonly KafkaMember[] {
  for (const { address } of kafka.brokers) {
    const answer = answerAt(kafka, address, context)
    if ('brokers' in answer) return answer.brokers
  }
  throw new Unobserved('no broker answers (kafka.broker.answers)')
}

/** A broker that wants TLS or a password says nothing to us, and that is no fault of its. */
function usable(error: string | undefined): void {
  if (/security\.protocol|SASL|SSL|authoriz/i.test(error ?? ''))
    throw new Unobserved(`the brokers want more than a plain connection: ${error ?? ''}`)
}

function onVolume(
  { namespace, container }: KafkaSet,
  file: string,
  broker?: KafkaBroker,
): Pick<Outcome, 'source'> {
  const pod = broker?.name ?? 'each broker'
  return { source: `kubectl exec -n ${namespace} ${pod} -c ${container} -- cat …/${file}` }
}

function kcat(address: string): Pick<Outcome, 'source'> {
  return { source: `kcat -L -b ${address}, in a probe pod` }
}
