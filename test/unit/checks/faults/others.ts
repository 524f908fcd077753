import type { Part } from '../../../../lab/observe/model/observations.js'
import type { KafkaNode } from '../../../../lab/observe/model/kafka.js'
import { follow, serve } from '../consequences.js'
import { remove, seen } from '../recorded.js'
import type { Mutable, World } from '../recorded.js'
import type { Fault } from './fault.js'
import { externalAnswers, grpcAnswers, kafkaClient } from './nameless.js'
import { sliceOf, specOf } from './objects.js'

/** Faults of Kafka. */
export const kafkaFaults: readonly Fault[] = [
  {
    name: 'a broker advertises an address',
    inject: (world) => {
      for (const answer of Object.values(kafkaClient(world).bootstraps)) {
        if (!('brokers' in answer)) continue
        for (const broker of answer.brokers) if (broker.id === 1) broker.address = '192.168.112.216:9092'
      }
    },
    fails: ['kafka.broker.advertised', 'kafka.bootstrap'],
  },
  {
    name: 'a quorum has two leaders',
    inject: (world) => Object.assign(node(world, 'kafka-2'), { leader: 2, epoch: 5 }),
    fails: ['kafka.quorum.leader'],
  },
  {
    name: 'a controller counts other voters',
    inject: (world) => Object.assign(node(world, 'kafka-1'), { voters: [0, 1] }),
    fails: ['kafka.quorum.voters'],
  },
  {
    name: 'a broker has the volume of another cluster',
    inject: (world) => {
      Object.assign(node(world, 'kafka-1'), { cluster: 'another', leader: -1, epoch: 0 })
      leave(world, 1)
    },
    fails: [
      ...['kafka.node-id', 'kafka.quorum.leader', 'kafka.broker.answers', 'kafka.broker.advertised'],
      ...['kafka.bootstrap', 'kafka.partitions.in-sync'],
    ],
  },
  {
    name: 'fewer replicas are in sync than writes need',
    inject: (world) => {
      const client = kafkaClient(world)
      for (const { partitions } of client.topics ?? [])
        for (const partition of partitions) Object.assign(partition, { inSync: [0] })
      client.written = { refused: 'Broker: Not enough in-sync replicas' }
    },
    fails: ['kafka.partitions.in-sync', 'kafka.write-read'],
  },
]

/** Faults of gRPC. */
export const grpcFaults: readonly Fault[] = [
  {
    name: 'all calls by the headless name are answered by one pod',
    inject: (world) =>
      Object.assign(grpcAnswers(world, 'grpc-backend'), { answers: { 'grpc-backend-7f754546d6-5chzd': 30 } }),
    fails: ['grpc.headless.spread'],
    inconclusive: ['grpc.clusterip.pinned'],
  },
  {
    name: 'something balances the calls through the virtual IP',
    inject: (world) => {
      const { answers } = grpcAnswers(world, 'grpc-backend')
      Object.assign(grpcAnswers(world, 'grpc-backend-clusterip'), { answers: { ...answers } })
    },
    fails: ['grpc.clusterip.pinned'],
  },
]

/** Faults of what is outside of the cluster. */
export const externalFaults: readonly Fault[] = [
  {
    name: 'the external database does not answer',
    inject: (world) => {
      for (const name of world.lab.nodes)
        for (const answer of externalAnswers(world, name)) answer.answered = false
    },
    fails: ['external.reachable'],
  },
  {
    name: 'the slice of the external database has an address of the range of pods',
    inject: (world) => {
      const ip = '192.168.60.250'
      for (const endpoint of sliceOf(world, 'default/external-db').endpoints) endpoint.addresses = [ip]
      serve(world)
      for (const name of world.lab.nodes)
        for (const answer of externalAnswers(world, name))
          Object.assign(answer, { address: ip, answered: false })
    },
    fails: [
      ...['endpointslices.addresses', 'dns.headless.a-set', 'dns.headless.srv', 'external.reachable'],
      'external.address.outside',
    ],
  },
  {
    name: 'the service of the external database gets a selector',
    inject: (world) => {
      Object.assign(specOf(world, 'default/external-db'), { selector: { app: 'nginx' } })
      follow(world)
      for (const name of world.lab.nodes) {
        const silent = ['192.168.140.1', '192.168.60.194'].map((address) => ({
          ...{ address, port: 5432, answered: false },
        }))
        externalAnswers(world, name).push(...silent)
      }
    },
    fails: [
      ...['endpointslices.addresses', 'endpointslices.sum', 'dns.headless.a-set', 'dns.headless.srv'],
      ...['external.reachable', 'external.address.outside', 'external.endpoints.no-pod'],
    ],
  },
]

function node(world: World, name: string): Mutable<KafkaNode> {
  return seen(seen(world.observations.kafka['streaming/kafka']).nodes[name] as Part<KafkaNode>)
}

/** What clients see of a broker that is not in the cluster. */
function leave(world: World, gone: number): void {
  const client = kafkaClient(world)
  for (const [address, answer] of Object.entries(client.bootstraps)) {
    if (address.startsWith(`kafka-${gone}.`)) client.bootstraps[address] = { error: 'Local: Timed out' }
    else if ('brokers' in answer) remove(answer.brokers, ({ id }) => id === gone)
  }
  for (const { partitions } of client.topics ?? [])
    for (const partition of partitions) remove(partition.inSync, (id) => id === gone)
}
