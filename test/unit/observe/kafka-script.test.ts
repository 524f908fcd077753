import { Chart, Testing } from 'cdk8s'
import { expect, test } from 'vitest'
import { Kafka } from '../../../constructs/workloads/kafka.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { KafkaSet } from '../../../lab/observe/model/kafka.js'
import { kafkaSets } from '../../../lab/observe/model/kafka.js'
import {
  kafkaClientCommand,
  kafkaNodeCommand,
  parseKafkaClient,
  parseKafkaNode,
} from '../../../lab/observe/kafka-script.js'
import { CLUSTER, synthesized } from '../checks/packed.js'

const chart = new Chart(Testing.app(), 'streaming', {
  namespace: 'streaming',
  disableResourceNameHashes: true,
})
new Kafka(chart, 'kafka', { replicas: 2 })
const [kafka] = kafkaSets(readDeclared(synthesized(chart)), CLUSTER) as [KafkaSet]

const HEADLESS = 'kafka-headless.streaming.svc.cluster.local'
const ADDRESSES = [`kafka-0.${HEADLESS}:9092`, `kafka-1.${HEADLESS}:9092`]

test('what is declared says where its data is, whom it is made of, and where a client can begin', () => {
  expect(kafka).toMatchObject({
    ...{ key: 'streaming/kafka', container: 'kafka', directories: ['/kafka', '/tmp', '/tmp'] },
    idsAreOrdinals: true,
    services: [{ address: `${HEADLESS}:9092` }],
  })
  expect(kafka.brokers.map(({ address }) => address)).toEqual(ADDRESSES)
})

test('scripts are always the same; what differs are their arguments', () => {
  const [, , script, ...args] = kafkaClientCommand(kafka, 'token', true)
  expect(script).not.toContain('kafka-0')
  expect(args).toEqual([
    ...['sh', 'token', '10', 'headless-lab-verify', ADDRESSES.join(',')],
    ...[...ADDRESSES, `${HEADLESS}:9092`],
  ])
  expect(kafkaClientCommand(kafka, 'token', false).slice(4, 6)).toEqual(['token', '0'])
  expect(kafkaNodeCommand(kafka).slice(3)).toEqual(['sh', '/kafka', '/tmp', '/tmp'])
})

const META = `@@ node
#
#Sat Nov 21 12:12:46 UTC 2026
cluster.id=dyQYq05EsFG7bMbThIQJlg
directory.id=V2-yNQ0Qdh8c0m0aNRuXxw
node.id=2
version=1

@@ quorum
`

test('parseKafkaNode, on what Kafka 4.1 writes', () => {
  const state =
    '{"clusterId":"","leaderId":1,"leaderEpoch":3,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1},{"voterId":0}],"data_version":0}'
  const node = { id: 2, cluster: 'dyQYq05EsFG7bMbThIQJlg', leader: 1, epoch: 3 }
  expect(parseKafkaNode(META + state)).toEqual({ ...node, voters: [0, 1] })
  // A dynamic quorum keeps its voters in the log.
  const dynamic = '{"leaderId":1,"leaderEpoch":3,"votedId":-1,"votedDirectoryId":"AAA","data_version":1}'
  expect(parseKafkaNode(META + dynamic)).toEqual(node)
})

const LISTED = (at: string): string => `@@ bootstrap ${at}
Metadata for all topics (from broker -1: ${at}/bootstrap):
 2 brokers:
  broker 1 at ${ADDRESSES[1] ?? ''} (controller)
  broker 0 at ${ADDRESSES[0] ?? ''}
 1 topics:
`
const READ = '@@ write 0\n%4|1.2|GETPID|rdkafka#producer-1| [thrd:main]: retrying\n@@ read\n1\n2\n'
const TOPICS =
  '@@ topics\n{"brokers":[],"topics":[{"topic":"a","partitions":[{"partition":0,"leader":1,"replicas":[{"id":1},{"id":0}],"isrs":[{"id":1}]}]}]}'

test('parseKafkaClient, on what kcat 1.7 prints', () => {
  const seen = parseKafkaClient(LISTED('service:9092') + READ + TOPICS)
  expect(seen).toEqual({
    bootstraps: { 'service:9092': { brokers: ADDRESSES.map((address, id) => ({ id, address })) } },
    written: { read: ['1', '2'] },
    topics: [{ name: 'a', partitions: [{ partition: 0, leader: 1, replicas: [0, 1], inSync: [1] }] }],
  })
})

test.each([
  [
    `%3|1795264497.804|FAIL|rdkafka#producer-1| [thrd:x:9092/bootstr]: x:9092/bootstrap: Failed to resolve 'x:9092': Name or service not known (after 6ms in state CONNECT)
% ERROR: Failed to acquire metadata: Local: Broker transport failure (Are the brokers reachable?)`,
    "Failed to resolve 'x:9092': Name or service not known",
  ],
  [
    '% ERROR: Failed to acquire metadata: Local: Broker transport failure',
    'Failed to acquire metadata: Local: Broker transport failure',
  ],
  ['', 'no answer in time'],
])('why a broker did not answer is said without times, the same in each round', (text, error) => {
  expect(parseKafkaClient(`@@ bootstrap x:9092\n${text}\n`).bootstraps).toEqual({ 'x:9092': { error } })
})

test('what was not acknowledged says why; what was not written says nothing', () => {
  const refused = (text: string): unknown => parseKafkaClient(text).written
  expect(refused('@@ write 1\n% Delivery failed for message: Broker: Invalid topic\n')).toEqual({
    refused: 'Delivery failed for message: Broker: Invalid topic',
  })
  expect(refused('@@ write 124\n\n')).toEqual({ refused: 'kcat ended with 124' })
  expect(refused(TOPICS)).toBeUndefined()
  expect(parseKafkaClient('@@ topics\n')).toEqual({ bootstraps: {} })
})
