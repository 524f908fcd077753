import { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { createHash } from 'node:crypto'
import { DEFAULT_NAMESPACE, type DnsName } from '../dns.js'
import { selectorLabels, workloadLabels } from '../labels.js'
import { lazyText } from '../lazy.js'
import { resources, scratch } from '../pod-defaults.js'
import type { Peer } from '../policies/ingress-policy.js'
import { HeadlessService } from '../services/headless-service.js'
import { addRules, countRule } from '../validation.js'
import {
  BROKER_PORT,
  CONTROLLER_PORT,
  KAFKA_SCRATCH,
  KAFKA_VOLUME,
  serverJvm,
  serverProperties,
  START_KAFKA,
} from './kafka-scripts.js'
import { StatefulWorkload } from './stateful-workload.js'
import { dataClaim, type DataVolume } from './volume-claim.js'

/** Properties of {@link Kafka}. */
export interface KafkaProps {
  /**
   * Name of the StatefulSet, value of the pods' `app` label, and prefix of the Service's name. A label of
   * RFC 1035 of at most 52 characters.
   * @default 'kafka'
   */
  readonly name?: string
  /**
   * Number of pods, each a broker and a controller. A whole number, 1 to 99. More than half of them have to be
   * there for the cluster to work: 3 stand the loss of one, and so do 4; an even number only costs a pod. It is
   * for the life of the volumes: the members of the quorum are written in every pod, and are not changed while
   * it runs.
   * @default 3
   */
  readonly replicas?: number
  /**
   * Image with Kafka 4.1 or newer in /opt/kafka, and a POSIX sh with grep.
   * @default 'apache/kafka:4.1.0'
   */
  readonly image?: string
  /**
   * Volume of each pod; its size is 1Gi unless given. It has to hold a week of messages, which is how long Kafka
   * keeps them where the topic does not say otherwise.
   * @default - 1Gi of the cluster's default class
   */
  readonly volume?: DataVolume
  /**
   * Size of each JVM's heap in MiB, at least 128. The pod may use 512 MiB more. Below 1024 the JVM is told to
   * start fast (serial collector, first compiler only), which costs throughput under load.
   * @default 256
   */
  readonly heapMiB?: number
  /**
   * Id of the cluster, for volumes that have none yet: 16 bytes in base64url without padding, 22 characters, as
   * `kafka-storage.sh random-uuid` gives it. A volume that has an id keeps it, and a broker of another id is
   * refused by the others.
   * @default - made from namespace and name: the same at each synthesis and in all pods, and another one for
   * each Kafka of a Kubernetes cluster
   */
  readonly clusterId?: string
  /**
   * Number of nodes the pods spread over: while fewer are usable, no node gets a second pod. A whole number,
   * 1 or more; give the number of nodes of the cluster to have the pods wait for all of them.
   * @default - the nodes that are usable when a pod is scheduled
   */
  readonly minDomains?: number
  /**
   * Clients beside the pods of the namespace.
   * @default - none
   */
  readonly allowFrom?: readonly Peer[]
  /**
   * DNS domain of the cluster.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
}

/**
 * A Kafka cluster without ZooKeeper (KRaft): each pod is a broker and one of the controllers, and all know each
 * other by the names that the headless Service gives them.
 *
 * Topics are replicated to three pods, or to all where there are fewer, and a message that a producer sent with
 * `acks=all` is on two of three before it is acknowledged: one pod can be lost and no such message with it.
 * A pod is Ready when its broker has joined the cluster; port 9092 opens only then. Pods that are not are in
 * DNS all the same, since the controllers must find each other before any broker can join.
 *
 * There is no encryption and no password: who may connect is up to the NetworkPolicy (brokers: the namespace and
 * `allowFrom`; controllers: only each other).
 *
 * Source: document 002 (`kafka`, `kafka-headless`), which lacks the quorum and takes the advertised name from a
 * variable before it is defined. The pod's index is a label from Kubernetes 1.28 on.
 *
 * Synthesis fails, with the path of the construct, on a bad name, number, volume size or cluster id, and on
 * what {@link StatefulWorkload} refuses.
 */
export class Kafka extends Construct {
  /** `<name>-headless`, ports `broker` (9092) and `controller` (9093). */
  readonly headless: HeadlessService
  /** StatefulSet, PodDisruptionBudget and NetworkPolicy. */
  readonly workload: StatefulWorkload
  /** Id of the cluster, for volumes that have none yet. */
  readonly clusterId: string

  constructor(scope: Construct, id: string, props: KafkaProps = {}) {
    super(scope, id)
    const { name = 'kafka', replicas = 3, image = 'apache/kafka:4.1.0', heapMiB = 256 } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'kafka', 'broker')
    this.clusterId = props.clusterId ?? clusterIdOf(Chart.of(this).namespace ?? DEFAULT_NAMESPACE, name)

    this.headless = new HeadlessService(this, 'headless', {
      name: `${name}-headless`,
      selector,
      labels,
      ports: [
        { name: 'broker', port: BROKER_PORT, targetPort: 'broker' },
        { name: 'controller', port: CONTROLLER_PORT, targetPort: 'controller' },
      ],
      publishNotReadyAddresses: true,
      ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    })

    this.workload = new StatefulWorkload(this, 'workload', {
      name,
      replicas,
      service: this.headless,
      selector,
      labels,
      // None is Ready before more than half are there.
      podManagement: 'Parallel',
      pod: {
        // On SIGTERM a broker first hands its partitions over, which takes a second or two. Without a quorum it
        // cannot, and would wait for minutes; killed, it loses nothing that is acknowledged.
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            name: 'kafka',
            image,
            command: ['sh', '-c', START_KAFKA, 'kafka'],
            args: serverProperties({ replicas, heapMiB }),
            env: this.environment(heapMiB),
            ports: [
              { name: 'broker', containerPort: BROKER_PORT },
              { name: 'controller', containerPort: CONTROLLER_PORT },
            ],
            // Ten minutes: the broker itself gives up after five without a quorum, and says why.
            startupProbe: { tcpSocket: BROKER, periodSeconds: 2, failureThreshold: 300 },
            readinessProbe: { tcpSocket: BROKER, periodSeconds: 5, failureThreshold: 2 },
            // No liveness probe: a server that is lost ends by itself, and to restart one that only reads its
            // logs would begin that anew.
            resources: resources({
              cpu: '100m',
              memory: `${heapMiB + 128}Mi`,
              // Beside the server there is room for a tool that somebody runs in the pod.
              memoryLimit: `${heapMiB + 512}Mi`,
            }),
            volumeMounts: [
              { name: 'data', mountPath: KAFKA_VOLUME },
              { name: 'scratch', mountPath: KAFKA_SCRATCH },
            ],
          },
        ],
        volumes: [scratch('scratch')],
      },
      volumeClaims: [dataClaim('data', props.volume ?? {}, '1Gi')],
      ...(props.minDomains === undefined ? {} : { minDomains: props.minDomains }),
      ingress: {
        clients: [BROKER_PORT],
        peers: [CONTROLLER_PORT],
        ...(props.allowFrom === undefined ? {} : { allowFrom: props.allowFrom }),
      },
    })

    addRules(this, countRule('replicas', replicas, 1, REPLICAS_MAX), countRule('heapMiB', heapMiB, 128), () =>
      clusterIdProblem(this.clusterId),
    )
  }

  /**
   * The DNS name of the pod of an ordinal.
   * @throws RangeError when there is no such pod.
   * @throws DnsNameError when the name is not allowed in DNS.
   */
  pod(ordinal: number): DnsName {
    return this.workload.pod(ordinal)
  }

  /** The DNS names of all pods, in the order of their ordinals. */
  pods(): DnsName[] {
    return this.workload.pods()
  }

  /**
   * What a client is configured with (`bootstrap.servers`), each `<name of the pod>:9092`: one of them that
   * answers tells of all.
   * @throws DnsNameError when a name is not allowed in DNS.
   */
  get bootstrapServers(): string[] {
    return this.pods().map(({ fqdn }) => `${fqdn}:${BROKER_PORT}`)
  }

  /** The environment of the script; see kafka-scripts.ts. */
  private environment(heapMiB: number): k8s.EnvVar[] {
    // Not for a number that is refused: it must not be counted up to.
    const voters = (): string =>
      (this.workload.replicas > REPLICAS_MAX ? [] : this.pods())
        .map(({ fqdn }, ordinal) => `${ordinal}@${fqdn}:${CONTROLLER_PORT}`)
        .join(',')
    return [
      {
        name: 'NODE_ID',
        valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } },
      },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'SERVICE_FQDN', value: lazyText(() => this.headless.dns.fqdn) },
      { name: 'QUORUM_VOTERS', value: lazyText(voters) },
      { name: 'CLUSTER_ID', value: this.clusterId },
      { name: 'SERVER_HEAP', value: `-Xmx${heapMiB}m` },
      { name: 'SERVER_JVM', value: serverJvm(heapMiB) },
      { name: 'LOG_DIR', value: KAFKA_SCRATCH },
    ]
  }
}

/** Every pod's environment names them all. A quorum of so many is none that works. */
const REPLICAS_MAX = 99

const BROKER: k8s.TcpSocketAction = { port: k8s.IntOrString.fromString('broker') }

/** Sixteen bytes that differ wherever namespace or name do, as Kafka writes ids. */
function clusterIdOf(namespace: string, name: string): string {
  const bytes = createHash('sha256').update(`kafka/${namespace}/${name}`).digest().subarray(0, 16)
  // An id that starts with '-' would be an option on a command line.
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0)
  return bytes.toString('base64url')
}

/** Decoded and encoded again it is the same, or it is not 16 bytes (the last character holds only two bits). */
function clusterIdProblem(id: string): string | undefined {
  const bytes = Buffer.from(id, 'base64url')
  return bytes.length === 16 && bytes.toString('base64url') === id && !id.startsWith('-')
    ? undefined
    : `clusterId ${JSON.stringify(id)} is not 16 bytes in base64url (22 characters, the first no '-')`
}
