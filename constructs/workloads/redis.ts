import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { Credentials } from '../credentials.js'
import type { DnsName } from '../dns.js'
import { selectorLabels, workloadLabels } from '../labels.js'
import { lazyText } from '../lazy.js'
import { askedBy, LIVENESS, memory, resources, scratch } from '../pod-defaults.js'
import type { Peer } from '../policies/ingress-policy.js'
import { HeadlessService } from '../services/headless-service.js'
import { addRules, countRule, type Rule } from '../validation.js'
import { PASSWORD_KEY, userKey, userProblems, type AclUsers } from './redis-auth.js'
import { DATA_DIR, REDIS_PORT, RUN_DIR, SECRET_DIR, SENTINEL_PORT, serverOptions } from './redis-options.js'
import { redisScripts, type RedisScripts } from './redis-scripts.js'
import { StatefulWorkload } from './stateful-workload.js'
import { dataClaim, type DataVolume } from './volume-claim.js'

/** Passwords of Redis, from a Secret that has to be there. */
export interface RedisAuth {
  /**
   * Name of the Secret. Its key `password` is that of the user `default`, who may do everything, and by whom
   * replicas and Sentinels log in; `<user>-password` is that of each of `users`. Each is one line of text, and
   * holds from the next start of the pods on. Pods with different passwords do not replicate: after a change
   * replace all of them at once. With `sentinel` the password of `default` is also in
   * `/data/sentinel/sentinel.conf` (mode 0600), which Sentinel writes itself, and with `volume` that is on the disk.
   * @default - `<name>-secret`
   */
  readonly secretName?: string
  /**
   * Users beside `default`, each with its rules as Redis writes them (`ACL SETUSER`), passwords not among them:
   * `{ app: '~app:* &* +@all -@dangerous' }`. A name has at most 63 letters, digits, `-`, `_` and `.`. Sentinel
   * has the same users, who may ask it who is master and no more.
   * @default - none
   */
  readonly users?: Readonly<Record<string, string>>
}

/** Failover by Sentinel. */
export interface RedisSentinel {
  /**
   * How many Sentinels must miss the master before one of them, chosen by the majority, promotes a replica. A
   * whole number, 1 to the number of pods.
   * @default - the majority of the pods
   */
  readonly quorum?: number
}

/** Properties of {@link Redis}. */
export interface RedisProps {
  /**
   * Name of the StatefulSet, value of the pods' `app` label, prefix of the Service's name, and the name by which
   * Sentinels know the master. A label of RFC 1035 of at most 52 characters.
   * @default 'redis'
   */
  readonly name?: string
  /**
   * Number of pods, the master among them. A whole number, 0 or more; 3 or more with `sentinel`.
   * @default 3
   */
  readonly replicas?: number
  /**
   * Image with redis-server 7 or newer, redis-cli, sh, grep, sed and timeout on its PATH; with `auth` also
   * sha256sum and cut, with `sentinel` also getent, sha1sum and cut. Its entrypoint is not used.
   * @default 'redis:8.0'
   */
  readonly image?: string
  /**
   * How much data a pod holds, in MiB, at least 16: when it is full writes are refused. The server may use twice
   * as much and 32 MiB more, since a sync may double what is held.
   * @default 48
   */
  readonly memoryMiB?: number
  /**
   * Volume of each pod, with an append-only log in it (written through every second): a master that restarts has
   * its data again. The claims are kept when the StatefulSet is deleted. Its size is 1Gi unless given: two to three
   * times what Redis holds is enough, since the log is rewritten when it has doubled.
   * @default - none: a master that restarts is empty, and its replicas then become empty too; with `sentinel`
   * a replica takes over instead, and only what all pods lose at once is lost
   */
  readonly volume?: DataVolume
  /**
   * Passwords.
   * @default - none: whom the NetworkPolicy lets in may do everything
   */
  readonly auth?: RedisAuth
  /**
   * A Sentinel beside each server, which promote a replica when the master is away for 5 seconds.
   * @default - none: the pod of ordinal 0 is the master, and without it nothing is written
   */
  readonly sentinel?: RedisSentinel
  /**
   * Clients beside the pods of the namespace.
   * @default - none
   */
  readonly allowFrom?: readonly Peer[]
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
 * There is no volume, no password and no failover, unless `volume`, `auth` and `sentinel` say so.
 *
 * With `sentinel` the master is the pod that Sentinels say. Clients ask them, at port `sentinel` of the headless
 * Service, for the master of the name `<name>`, as Redis' client libraries do; they are told a DNS name. There is
 * no Service for the master: a label on its pod would be late, and Sentinel does not set one. The headless Service
 * then has pods that are not Ready too, and all pods start at once. A pod that starts asks the Sentinels of the
 * others whom to follow; only when none answers, and none was known, is the pod of ordinal 0 master. What a
 * Sentinel knows is in `/data`: without a volume a new pod's learns it from the others, and when all pods are
 * replaced at once everything starts as on the first day. A master takes writes only with a replica attached: so one
 * that comes back after another was chosen refuses them, though it is Ready, until a Sentinel makes it a replica. A
 * Sentinel that is scaled away is still counted by the others until they are told `SENTINEL RESET <name>`.
 *
 * Source: document 001 (StatefulSet `redis`, Service `redis-headless`).
 *
 * Synthesis fails, with the path of the construct, on a bad name, number, size, peer, or name or rules of a user,
 * and on `sentinel` with fewer than 3 replicas.
 */
export class Redis extends Construct {
  /** `<name>-headless`, port `redis` (6379), and with `sentinel` port `sentinel` (26379). */
  readonly headless: HeadlessService
  /** StatefulSet, PodDisruptionBudget and NetworkPolicy. */
  readonly workload: StatefulWorkload
  /** The Secret that has to be there; absent without `auth`. */
  readonly credentials?: Credentials

  constructor(scope: Construct, id: string, props: RedisProps = {}) {
    super(scope, id)
    const { name = 'redis', replicas = 3, image = 'redis:8.0', memoryMiB = 48 } = props
    const { volume, auth, sentinel, minDomains } = props
    const users = auth?.users ?? {}
    const quorum = sentinel?.quorum ?? Math.floor(replicas / 2) + 1
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'redis', 'database')

    this.headless = new HeadlessService(this, 'headless', {
      name: `${name}-headless`,
      selector,
      labels,
      ports: [
        { name: 'redis', port: REDIS_PORT, targetPort: 'redis' },
        ...(sentinel === undefined
          ? []
          : [{ name: 'sentinel', port: SENTINEL_PORT, targetPort: 'sentinel' }]),
      ],
      // A pod that is not Ready is still one that Sentinels judge and promote by its name.
      publishNotReadyAddresses: sentinel !== undefined,
      ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    })
    if (auth !== undefined) {
      this.credentials = new Credentials(this, 'credentials', {
        name: auth.secretName ?? `${name}-secret`,
        keys: [PASSWORD_KEY, ...Object.keys(users).map(userKey)],
      })
    }
    this.workload = new StatefulWorkload(this, 'workload', {
      name,
      replicas,
      service: this.headless,
      selector,
      labels,
      pod: podOf({
        image,
        scripts: redisScripts({
          auth: auth !== undefined,
          users: Object.keys(users).length > 0,
          sentinel: sentinel !== undefined,
        }),
        options: serverOptions({ memoryMiB, volume: volume !== undefined, sentinel: sentinel !== undefined }),
        env: environment(`${name}-0`, this.headless, sentinel !== undefined),
        userEnv: Object.keys(users).length === 0 ? [] : [{ name: 'ACL_USERS', value: lines(users) }],
        sentinelEnv:
          sentinel === undefined
            ? undefined
            : [
                { name: 'SENTINEL_MASTER', value: name },
                { name: 'SENTINEL_QUORUM', value: String(quorum) },
              ],
        memoryMiB,
        volume: volume !== undefined,
        credentials: this.credentials,
      }),
      volumeClaims: volume === undefined ? [] : [dataClaim(DATA, volume, '1Gi')],
      // By the ordinal one after the other, each Ready before the next: when a replica starts, the master's name is
      // in DNS. With Sentinel the master may be the last one, and no replica is Ready without it.
      podManagement: sentinel === undefined ? 'OrderedReady' : 'Parallel',
      spread: 'DoNotSchedule',
      // Replicas and Sentinels come on the clients' ports, and from the namespace as they do.
      ingress: {
        clients: [REDIS_PORT, ...(sentinel === undefined ? [] : [SENTINEL_PORT])],
        allowFrom: props.allowFrom ?? [],
      },
      ...(minDomains === undefined ? {} : { minDomains }),
    })
    addRules(
      this,
      countRule('memoryMiB', memoryMiB, 16),
      () => userProblems(users),
      ...(sentinel === undefined ? [] : sentinelRules({ replicas, quorum })),
    )
  }

  /**
   * The DNS name of the pod of an ordinal; without `sentinel` 0 is the master.
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
}

/** Names of the volumes. */
const DATA = 'data'
const RUN = 'run'
const SECRET = 'credentials'

const dataMount: k8s.VolumeMount = { name: DATA, mountPath: DATA_DIR }
const runMount: k8s.VolumeMount = { name: RUN, mountPath: RUN_DIR }
const secretMount: k8s.VolumeMount = { name: SECRET, mountPath: SECRET_DIR, readOnly: true }

interface PodParts {
  readonly image: string
  readonly scripts: RedisScripts
  readonly options: string[]
  /** The environment of all scripts; see redis-scripts.ts. */
  readonly env: k8s.EnvVar[]
  /** What those read beside it that write users down. */
  readonly userEnv: k8s.EnvVar[]
  /** What those read beside it that ask Sentinel; undefined without. */
  readonly sentinelEnv: k8s.EnvVar[] | undefined
  /** How much data the server holds, in MiB. */
  readonly memoryMiB: number
  /** Whether the data is in a volume of the pod's own. */
  readonly volume: boolean
  readonly credentials: Credentials | undefined
}

function podOf(parts: PodParts): k8s.PodSpec {
  const { image, scripts, options, env, userEnv, sentinelEnv, memoryMiB, volume, credentials } = parts
  const limitMiB = 2 * memoryMiB + 32
  const secret = credentials === undefined ? [] : [secretMount]
  const mounts = [dataMount, ...(credentials === undefined ? [] : [runMount, secretMount])]
  return {
    // With a volume the log is written through before the end, which a slow disk may take longer for.
    terminationGracePeriodSeconds: volume ? 30 : 5,
    ...(sentinelEnv === undefined
      ? {
          initContainers: [
            {
              name: 'wait-for-master',
              image,
              command: ['sh', '-c', scripts.waitForMaster],
              env,
              resources: resources({ cpu: '10m', memory: '32Mi', memoryLimit: '64Mi' }),
              ...(secret.length === 0 ? {} : { volumeMounts: secret }),
            },
          ],
        }
      : {}),
    containers: [
      {
        name: 'redis',
        image,
        command: ['sh', '-c', scripts.start, 'redis'],
        args: options,
        env: [...env, ...userEnv, ...(sentinelEnv ?? [])],
        ports: [{ name: 'redis', containerPort: REDIS_PORT }],
        readinessProbe: { ...askedBy(scripts.isReady), periodSeconds: 2, timeoutSeconds: 3 },
        // Slow to act on purpose: a replica's server stands still while it looks up a master whose
        // name does not resolve, and to restart it for that would lose its data.
        livenessProbe: { ...askedBy(scripts.isAlive), ...LIVENESS },
        // Most hold much less than they may: a quarter is asked for.
        resources: resources({
          cpu: '25m',
          memory: `${Math.ceil(limitMiB / 4)}Mi`,
          memoryLimit: `${limitMiB}Mi`,
        }),
        volumeMounts: mounts,
      },
      ...(sentinelEnv === undefined
        ? []
        : [
            {
              name: 'sentinel',
              image,
              command: ['sh', '-c', scripts.startSentinel],
              env: [...env, ...userEnv, ...sentinelEnv],
              ports: [{ name: 'sentinel', containerPort: SENTINEL_PORT }],
              readinessProbe: { ...askedBy(scripts.isSentinelAlive), periodSeconds: 5, timeoutSeconds: 3 },
              livenessProbe: { ...askedBy(scripts.isSentinelAlive), ...LIVENESS },
              resources: resources({ cpu: '10m', memory: '16Mi', memoryLimit: '64Mi' }),
              volumeMounts: [dataMount, ...secret],
            },
          ]),
    ],
    volumes: [
      // A replica that held something before is sent all by way of a file.
      ...(volume ? [] : [scratch(DATA, 64 + memoryMiB)]),
      ...(credentials === undefined ? [] : [memory(RUN), credentials.volume(SECRET)]),
    ],
  }
}

function lines(users: AclUsers): string {
  return Object.entries(users)
    .map(([user, rules]) => `${user} ${rules}`)
    .join('\n')
}

function environment(master: string, headless: HeadlessService, sentinel: boolean): k8s.EnvVar[] {
  return [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ...(sentinel
      ? []
      : [
          { name: 'MASTER_NAME', value: master },
          { name: 'MASTER_SHORT', value: lazyText(() => headless.pod(master).short) },
        ]),
    { name: 'MASTER_FQDN', value: lazyText(() => headless.pod(master).fqdn) },
    { name: 'SERVICE_FQDN', value: lazyText(() => headless.dns.fqdn) },
  ]
}

/** Two of two Sentinels are no majority when one is away. */
function sentinelRules({ replicas, quorum }: { replicas: number; quorum: number }): Rule[] {
  return [
    () =>
      replicas >= 3
        ? undefined
        : `sentinel needs 3 replicas or more, so that a majority is left without one; replicas is ${replicas}`,
    () =>
      Number.isInteger(quorum) && quorum >= 1 && quorum <= Math.max(replicas, 3)
        ? undefined
        : `sentinel.quorum is ${quorum}; write a whole number, 1 to the number of replicas`,
  ]
}
