import { Lazy } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import type { DnsName } from '../dns.js'
import { selectorLabels, workloadLabels } from '../labels.js'
import { statefulSetNameProblem } from '../names.js'
import { resources, restrictedContainer, restrictedPod, scratch } from '../pod-defaults.js'
import { controlPlaneToleration, spreadOverNodes } from '../scheduling.js'
import { HeadlessService } from '../services/headless-service.js'
import { addRules, countRule, nameRule } from '../validation.js'
import { IS_READY, REDIS_PORT, START_REDIS, WAIT_FOR_MASTER } from './redis-scripts.js'

/** Properties of {@link Redis}. */
export interface RedisProps {
  /**
   * Name of the StatefulSet, value of the pods' `app` label, and prefix of the Service's name. A label of
   * RFC 1035 of at most 52 characters.
   * @default 'redis'
   */
  readonly name?: string
  /**
   * Number of pods, the master among them. A whole number, 0 or more.
   * @default 3
   */
  readonly replicas?: number
  /**
   * Image with redis-server 7 or newer, redis-cli, sh, grep and timeout on its PATH.
   * @default 'redis:8.0'
   */
  readonly image?: string
  /**
   * Number of nodes the pods spread over: while fewer are usable, no node gets a second pod. A whole number,
   * 1 or more; give the number of nodes of the cluster to have the pods wait for all of them.
   * @default - the nodes that are usable when a pod is scheduled
   */
  readonly minDomains?: number
  /**
   * DNS domain of the cluster.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
}

/**
 * A Redis master and its replicas, which find it by its DNS name.
 *
 * The pod of ordinal 0 is the master. The others wait in the init container `wait-for-master` until it answers
 * by name, then replicate from that name: when the master comes back at another address, they follow. With
 * as many pods as nodes there is one on each, the control plane included.
 *
 * There is no volume: a master that restarts is empty, and its replicas then become empty too. There is no
 * password and no failover.
 *
 * Source: document 001 (StatefulSet `redis`, Service `redis-headless`).
 *
 * Synthesis fails, with the path of the construct, on a bad name, `replicas` or `minDomains`.
 */
export class Redis extends Construct {
  /** Name of the StatefulSet; its pods are `<name>-0`, `<name>-1` and so on. */
  readonly workloadName: string
  readonly replicas: number
  /** `<name>-headless`, port `redis` (6379). */
  readonly headless: HeadlessService
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly statefulSet: k8s.KubeStatefulSet

  constructor(scope: Construct, id: string, props: RedisProps = {}) {
    super(scope, id)
    const { name = 'redis', replicas = 3, image = 'redis:8.0', minDomains } = props
    this.workloadName = name
    this.replicas = replicas
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'redis', 'database')

    this.headless = new HeadlessService(this, 'headless', {
      name: `${name}-headless`,
      selector,
      labels,
      ports: [{ name: 'redis', port: REDIS_PORT, targetPort: 'redis' }],
      ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    })

    const env = this.environment()
    this.statefulSet = new k8s.KubeStatefulSet(this, 'stateful-set', {
      metadata: { name, labels },
      spec: {
        serviceName: this.headless.serviceName,
        replicas,
        // One after the other, each Ready before the next: when a replica starts, the master's name is in DNS.
        podManagementPolicy: 'OrderedReady',
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            ...restrictedPod,
            terminationGracePeriodSeconds: 5,
            tolerations: [controlPlaneToleration],
            topologySpreadConstraints: [spreadOverNodes(selector, minDomains)],
            initContainers: [
              {
                ...restrictedContainer,
                name: 'wait-for-master',
                image,
                command: ['sh', '-c', WAIT_FOR_MASTER],
                env,
                resources: resources({ cpu: '10m', memory: '32Mi', memoryLimit: '64Mi' }),
              },
            ],
            containers: [
              {
                ...restrictedContainer,
                name: 'redis',
                image,
                command: ['sh', '-c', START_REDIS, 'redis'],
                args: SERVER_OPTIONS.flat(),
                env,
                ports: [{ name: 'redis', containerPort: REDIS_PORT }],
                readinessProbe: {
                  exec: { command: ['sh', '-c', IS_READY] },
                  periodSeconds: 2,
                  timeoutSeconds: 3,
                },
                // Slow to act on purpose: a replica's server stands still while it looks up a master whose
                // name does not resolve, and to restart it for that would lose its data.
                livenessProbe: {
                  exec: { command: ['redis-cli', '-p', String(REDIS_PORT), 'ping'] },
                  periodSeconds: 10,
                  timeoutSeconds: 5,
                  failureThreshold: 6,
                },
                resources: resources({ cpu: '25m', memory: '32Mi', memoryLimit: '128Mi' }),
                volumeMounts: [{ name: 'data', mountPath: DATA_DIR }],
              },
            ],
            volumes: [scratch('data')],
          },
        },
      },
    })

    addRules(
      this,
      nameRule('name', name, statefulSetNameProblem),
      countRule('replicas', replicas, 0),
      countRule('minDomains', minDomains ?? 1, 1),
    )
  }

  /**
   * The DNS name of the pod of an ordinal.
   * @throws RangeError when there is no such pod.
   * @throws DnsNameError when the name is not allowed in DNS.
   */
  pod(ordinal: number): DnsName {
    if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal >= this.replicas)
      throw new RangeError(`${this.node.path}: no pod ${ordinal}, it has ${this.replicas} replicas`)
    return this.podName(ordinal)
  }

  /** The DNS names of all pods, in the order of their ordinals. */
  pods(): DnsName[] {
    return Array.from({ length: this.replicas }, (_, ordinal) => this.podName(ordinal))
  }

  private podName(ordinal: number): DnsName {
    return this.headless.dns.pod(`${this.workloadName}-${ordinal}`)
  }

  /** The environment of the scripts; see redis-scripts.ts. */
  private environment(): k8s.EnvVar[] {
    // Names are made at synthesis: here a bad one would throw before the rules can say where it was written.
    const late = (produce: () => string): string => Lazy.any({ produce }) as string
    return [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'MASTER_NAME', value: `${this.workloadName}-0` },
      { name: 'MASTER_SHORT', value: late(() => this.podName(0).short) },
      { name: 'MASTER_FQDN', value: late(() => this.podName(0).fqdn) },
      { name: 'SERVICE_FQDN', value: late(() => this.headless.dns.fqdn) },
    ]
  }
}

const DATA_DIR = '/data'

/** Options of redis-server, in the place of a configuration file. */
const SERVER_OPTIONS: readonly (readonly string[])[] = [
  ['--port', String(REDIS_PORT)],
  // All addresses; IPv6 where there is any.
  ['--bind', '*', '-::*'],
  // Without a password protected mode answers only on loopback.
  ['--protected-mode', 'no'],
  ['--dir', DATA_DIR],
  // Nothing is kept on disk: there is no volume (document 001).
  ['--save', ''],
  ['--appendonly', 'no'],
  // Full: refuse writes, rather than be killed at the memory limit (a sync may double what is held).
  ['--maxmemory', '48mb'],
  // The first sync goes from memory to memory and begins at once, not after waiting 5 seconds for more replicas.
  ['--repl-diskless-sync', 'yes'],
  ['--repl-diskless-sync-delay', '0'],
  ['--repl-diskless-load', 'on-empty-db'],
  // A replica that connects to the address the master had a moment ago gives up after 10 seconds, not 60.
  ['--repl-timeout', '10'],
  ['--repl-ping-replica-period', '2'],
]
