import { Testing } from 'cdk8s'
import { Chart } from 'cdk8s'
import { expect, test } from 'vitest'
import { Kafka } from '../../../constructs/workloads/kafka.js'
import { kafkaChecks } from '../../../lab/checks/kafka.js'
import type { KafkaClient, KafkaNode, KafkaSeen } from '../../../lab/observe/model/kafka.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import { notPassing, part, resultsOf, synthesized, world } from './packed.js'
import { broken, seen } from './recorded.js'
import type { Mutable } from './recorded.js'

const chart = new Chart(Testing.app(), 'streaming', {
  namespace: 'streaming',
  disableResourceNameHashes: true,
})
new Kafka(chart, 'kafka')
const declared = synthesized(chart)

const PODS = ['kafka-0', 'kafka-1', 'kafka-2']
const SERVICE = 'kafka-headless.streaming.svc.cluster.local:9092'
const address = (pod: string): string => `${pod}.${SERVICE}`
const MESSAGES = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']

/** What was seen of three healthy brokers. */
function healthy(): Mutable<KafkaSeen> {
  const brokers = PODS.map((pod, id) => ({ id, address: address(pod) }))
  const node = (id: number): KafkaNode => ({ id, cluster: 'c', leader: 1, epoch: 7, voters: [0, 1, 2] })
  const all = [0, 1, 2]
  const client: KafkaClient = {
    bootstraps: Object.fromEntries([...PODS.map(address), SERVICE].map((at) => [at, { brokers }])),
    topics: [{ name: 'a', partitions: [{ partition: 0, leader: 2, replicas: all, inSync: all }] }],
    written: { read: MESSAGES },
  }
  const seen = {
    nodes: Object.fromEntries(PODS.map((pod, id) => [pod, part(node(id))])),
    client: part(client),
  }
  // A copy in which nothing is shared.
  return JSON.parse(JSON.stringify(seen)) as Mutable<KafkaSeen>
}

const judged = (kafka: KafkaSeen): string[] =>
  notPassing(kafkaChecks, world(declared, { kafka: { 'streaming/kafka': part(kafka) } }))

function after(
  change: (nodes: Mutable<KafkaNode>[], client: Mutable<KafkaClient>, all: Mutable<KafkaSeen>) => void,
): string[] {
  const kafka = healthy()
  change(
    PODS.map((pod) => seen(kafka.nodes[pod] as Part<KafkaNode>)),
    seen(kafka.client as Part<KafkaClient>),
    kafka,
  )
  return judged(kafka)
}

test('three healthy brokers pass, each claim of each subject', () => {
  expect(judged(healthy())).toEqual([])
  const results = resultsOf(kafkaChecks, world(declared, { kafka: { 'streaming/kafka': part(healthy()) } }))
  expect(results.map(({ id, subject }) => `${id} ${subject.kind} ${subject.name}`).sort()).toEqual(
    [
      ...PODS.flatMap((pod) => ['answers', 'advertised'].map((what) => `kafka.broker.${what} Pod ${pod}`)),
      ...PODS.map((pod) => `kafka.node-id Pod ${pod}`),
      ...['quorum.voters', 'quorum.leader', 'partitions.in-sync', 'write-read'].map(
        (what) => `kafka.${what} StatefulSet kafka`,
      ),
      'kafka.bootstrap Service kafka-headless',
    ].sort(),
  )
})

test.each([
  ['a broker with the volume of another', 'kafka.node-id kafka-2', 'id', 1],
  ['a volume of another cluster', 'kafka.node-id kafka-2', 'cluster', 'another'],
  ['an older election', 'kafka.quorum.leader kafka', 'epoch', 6],
  ['another leader', 'kafka.quorum.leader kafka', 'leader', 2],
  ['a voter too few', 'kafka.quorum.voters kafka', 'voters', [0, 1]],
])('%s is found', (_, expected, field, value) => {
  expect(after(([, , last]) => Object.assign(last ?? {}, { [field]: value }))).toContain(`${expected}: fail`)
})

test('a quorum without a leader, or led by none of the pods, is found', () => {
  for (const leader of [-1, 5]) {
    const lost = after((nodes) => nodes.forEach((node) => (node.leader = leader)))
    expect(lost).toEqual(['kafka.quorum.leader kafka: fail'])
  }
})

test('voters that stand in no file cannot be judged', () => {
  expect(after(([node]) => delete node?.voters)).toEqual(['kafka.quorum.voters kafka: inconclusive'])
})

test('a volume that could not be read makes inconclusive what needs it, not the rest', () => {
  const unread = after((_nodes, _client, all) => (all.nodes['kafka-1'] = broken('there is no pod kafka-1')))
  expect(unread).toEqual([
    'kafka.node-id kafka-1: inconclusive',
    'kafka.quorum.voters kafka: inconclusive',
    'kafka.quorum.leader kafka: inconclusive',
    'kafka.broker.advertised kafka-1: inconclusive',
  ])
})

test('two that disagree fail, whatever the third would have said', () => {
  const torn = after(([first], _client, all) => {
    if (first) first.leader = 0
    all.nodes['kafka-1'] = broken('no answer within 5 s')
  })
  expect(torn).toContain('kafka.quorum.leader kafka: fail')
})

test('a name that is not expanded, or an address, is advertised to all', () => {
  const literal = '$(POD_NAME).kafka-headless.streaming.svc.cluster.local:9092'
  const advertised = after((_nodes, { bootstraps }) => {
    for (const answer of Object.values(bootstraps)) {
      if ('brokers' in answer) answer.brokers.forEach((broker) => (broker.address = literal))
    }
  })
  expect(advertised).toEqual([
    ...PODS.map((pod) => `kafka.broker.advertised ${pod}: fail`),
    'kafka.bootstrap kafka-headless: fail',
  ])
})

test('a silent broker fails for itself, is missed by clients, and leaves its partitions behind', () => {
  const dead = after((_nodes, client) => {
    client.bootstraps[address('kafka-1')] = { error: 'no answer in time' }
    for (const answer of Object.values(client.bootstraps)) {
      if ('brokers' in answer) answer.brokers.splice(1, 1)
    }
    client.topics?.[0]?.partitions[0]?.inSync.splice(1, 1)
  })
  expect(dead).toEqual([
    'kafka.broker.answers kafka-1: fail',
    'kafka.broker.advertised kafka-1: fail',
    'kafka.bootstrap kafka-headless: fail',
    'kafka.partitions.in-sync kafka: fail',
  ])
})

test('brokers that want TLS or a password are no failure', () => {
  const error = 'SASL authentication error: … might be caused by incorrect security.protocol configuration'
  const locked = after((_nodes, client) => {
    for (const at of Object.keys(client.bootstraps)) client.bootstraps[at] = { error }
    delete client.topics
    client.written = { refused: error }
  })
  expect(locked.every((line) => line.endsWith(': inconclusive'))).toBe(true)
  expect(locked).toHaveLength(9)
})

test('a partition without a leader is found; without topics there is nothing to say', () => {
  const leaderless = after((_nodes, { topics }) => {
    const [partition] = topics?.[0]?.partitions ?? []
    if (partition) partition.leader = -1
  })
  expect(leaderless).toEqual(['kafka.partitions.in-sync kafka: fail'])
  expect(after((_nodes, client) => (client.topics = []))).toEqual(['kafka.partitions.in-sync kafka: skipped'])
})

test.each([
  ['a message that is lost', MESSAGES.slice(1)],
  ['a message that is read twice', ['1', ...MESSAGES]],
  ['messages in another order', MESSAGES.toReversed()],
])('%s is found', (_, read) => {
  expect(after((_nodes, client) => (client.written = { read }))).toEqual(['kafka.write-read kafka: fail'])
})

test('what is not acknowledged fails; what may not be written is skipped; no topic cannot be judged', () => {
  const verdict = (written: KafkaClient['written']): string[] =>
    after((_nodes, client) => {
      if (written === undefined) delete client.written
      else client.written = structuredClone(written) as Mutable<typeof written>
    })
  const refused = 'Delivery failed for message: Broker: Not enough in-sync replicas'
  expect(verdict({ refused })).toEqual(['kafka.write-read kafka: fail'])
  expect(verdict(undefined)).toEqual(['kafka.write-read kafka: skipped'])
  expect(verdict({ refused: 'Delivery failed for message: Broker: Unknown topic or partition' })).toEqual([
    'kafka.write-read kafka: inconclusive',
  ])
})

test('without a probe that has kcat everything that clients see is inconclusive', () => {
  const blind = after((_nodes, _client, all) => (all.client = broken('the probe image has no kcat')))
  expect(blind).toHaveLength(9)
  expect(blind.every((line) => line.endsWith(': inconclusive'))).toBe(true)
})

test('a Kafka that was not looked at is inconclusive in all its claims', () => {
  const none = resultsOf(kafkaChecks, world(declared, { kafka: {} }))
  expect(new Set(none.map(({ verdict }) => verdict))).toEqual(new Set(['inconclusive']))
})
