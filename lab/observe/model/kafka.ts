import type { V1Container } from '@kubernetes/client-node'
import { ServiceDns } from '../../../constructs/dns.js'
import { keyOf, namespaceOf, ordinalPods, selectedBy, templateOf } from './declared.js'
import type { Declared, Service, StatefulSet } from './declared.js'
import type { LabFacts } from './lab.js'
import type { Part } from './observations.js'
import type { Plain } from './plain.js'
import { dnsOf } from './questions.js'

/** The port that Kafka's clients are told everywhere: a StatefulSet with it is taken for a Kafka. */
export const BROKER_PORT = 9092

/** The topic that is written to. Nothing that speaks Kafka cheaply deletes one: there is one, for all runs. */
export const KAFKA_TOPIC = 'headless-lab-verify'

/** How many messages a run writes. */
export const KAFKA_MESSAGES = 10

/** A declared Kafka. */
export interface KafkaSet {
  readonly set: StatefulSet
  /** `<namespace>/<StatefulSet>`. */
  readonly key: string
  readonly namespace: string
  readonly brokers: readonly KafkaBroker[]
  /** Name of the container that is the broker. */
  readonly container: string
  /** Directories that may hold its data: what is mounted, and where Kafka's own configuration puts it. */
  readonly directories: readonly string[]
  /** Whether the pods are told to take their index as their node id. */
  readonly idsAreOrdinals: boolean
  /** Services that a client can begin at. */
  readonly services: readonly KafkaService[]
}

export interface KafkaBroker {
  readonly name: string
  readonly ordinal: number
  /** `<name of the pod>:<port>`. */
  readonly address: string
}

export interface KafkaService {
  readonly service: Service
  /** `<name of the service>:<port>`. */
  readonly address: string
}

/** What was seen of a Kafka. Its parts fail alone. */
export interface KafkaSeen {
  /** What the volume of each broker says, by pod name. */
  readonly nodes: Readonly<Record<string, Part<KafkaNode>>>
  /** What a client was told. */
  readonly client: Part<KafkaClient>
}

export interface KafkaNode {
  readonly id: number
  readonly cluster: string
  /** Id of the leader of the controllers; -1 when it knows none. */
  readonly leader: number
  /** Counts the elections. */
  readonly epoch: number
  /** Ids of the controllers. Absent where they are not in this file: Kafka's dynamic quorums keep them elsewhere. */
  readonly voters?: readonly number[]
}

export interface KafkaClient {
  /** By the address that was begun at: of each broker, and of each service. */
  readonly bootstraps: Readonly<Record<string, KafkaBootstrap>>
  /** All topics; absent when no broker answered. */
  readonly topics?: readonly KafkaTopic[]
  /** Absent where nothing may be written. */
  readonly written?: KafkaWritten
}

/** The brokers a client is told of, or what stood against it. */
export type KafkaBootstrap = { readonly brokers: readonly KafkaMember[] } | { readonly error: string }

export interface KafkaMember {
  readonly id: number
  readonly address: string
}

export interface KafkaTopic {
  readonly name: string
  readonly partitions: readonly {
    readonly partition: number
    /** -1 when it has none. */
    readonly leader: number
    readonly replicas: readonly number[]
    readonly inSync: readonly number[]
  }[]
}

export interface KafkaWritten {
  /** Why not all messages were acknowledged; absent when they were. */
  readonly refused?: string
  /** The messages of this run, in the order in which they were read; absent when not all were acknowledged. */
  readonly read?: readonly string[]
}

export function kafkaSets(declared: Declared, lab: LabFacts): KafkaSet[] {
  return declared.statefulSets.flatMap((set) => {
    const service = set.spec?.serviceName
    const broker = templateOf(set)?.spec?.containers.find((container) => portOf(container) !== undefined)
    if (service === undefined || broker === undefined) return []
    const namespace = namespaceOf(set)
    const dns = new ServiceDns({ service, namespace, clusterDomain: lab.clusterDomain })
    const first = set.spec?.ordinals?.start ?? 0
    return [
      {
        ...{ set, namespace, key: keyOf(set), container: broker.name },
        brokers: ordinalPods(set).map((name, i) => ({
          ...{ name, ordinal: first + i },
          address: `${dns.pod(name).fqdn}:${BROKER_PORT}`,
        })),
        directories: [...(broker.volumeMounts ?? []).map(({ mountPath }) => mountPath), '/tmp'],
        idsAreOrdinals: (broker.env ?? []).some(({ valueFrom }) =>
          valueFrom?.fieldRef?.fieldPath.includes('apps.kubernetes.io/pod-index'),
        ),
        services: declared.services.flatMap((service) => bootstrap(service, set, broker, lab)),
      },
    ]
  })
}

function bootstrap(
  service: Service,
  set: StatefulSet,
  broker: Plain<V1Container>,
  lab: LabFacts,
): KafkaService[] {
  const port = service.spec?.ports?.find(({ port, targetPort = port }) =>
    [BROKER_PORT, portOf(broker)?.name].includes(targetPort),
  )
  if (port === undefined || selectedBy(service, [set]).length === 0) return []
  return [{ service, address: `${dnsOf(service, lab).fqdn}:${port.port}` }]
}

function portOf(container: Plain<V1Container>): { readonly name?: string } | undefined {
  return container.ports?.find(({ containerPort }) => containerPort === BROKER_PORT)
}
