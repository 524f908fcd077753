import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { Credentials } from '../credentials.js'
import type { DnsName } from '../dns.js'
import { selectorLabels, workloadLabels } from '../labels.js'
import { lazyText } from '../lazy.js'
import { askedBy, memory, resources, scratch } from '../pod-defaults.js'
import type { Peer } from '../policies/ingress-policy.js'
import type { ClusterIpService } from '../services/cluster-ip-service.js'
import type { HeadlessService } from '../services/headless-service.js'
import { ServicePair } from '../services/service-pair.js'
import { addRules, wordRule } from '../validation.js'
import {
  DATA_DIR,
  FLAVOURS,
  MYSQL_PORT,
  RUN_DIR,
  SECRET_DIR,
  type FlavourParts,
  type MysqlFlavour,
} from './mysql-flavours.js'
import { mysqlScripts, SECRET_KEYS, type MysqlScripts } from './mysql-scripts.js'
import { StatefulWorkload } from './stateful-workload.js'
import { dataClaim, type DataVolume } from './volume-claim.js'

/** Properties of {@link Mysql}. */
export interface MysqlProps {
  /**
   * Name of the StatefulSet and of the Service for clients, value of the pods' `app` label, and prefix of the
   * other names. A label of RFC 1035 of at most 52 characters.
   * @default 'mysql'
   */
  readonly name?: string
  /**
   * Which server: MySQL, which the documents have, or MariaDB, which speaks the same protocol and comes with
   * Debian. Their data is not exchangeable: it stays what it was made with.
   *
   * `mysql` is written by MySQL's manual and its objects are checked; it is not run in the lab, which has no
   * image of it.
   * @default 'mysql'
   */
  readonly flavour?: MysqlFlavour
  /**
   * Number of pods, the primary among them. A whole number, 0 or more.
   * @default 3
   */
  readonly replicas?: number
  /**
   * Image with the flavour's server and client (`mysqld` 8.0.30 or newer and `mysql`; `mariadbd` 11.4 or newer,
   * `mariadb-install-db` and `mariadb`), sh, sed, grep and timeout on its PATH. Its entrypoint is not used.
   * @default 'mysql:8.4', or 'mariadb:11.8' with flavour `mariadb`
   */
  readonly image?: string
  /**
   * Volume of each pod; its size is 1Gi unless given.
   * @default - 1Gi of the cluster's default class
   */
  readonly volume?: DataVolume
  /**
   * Clients beside the pods of the namespace.
   * @default - none
   */
  readonly allowFrom?: readonly Peer[]
  /**
   * Number of nodes the pods spread over: while fewer are usable, no node gets a second pod. A whole number,
   * 1 or more.
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
 * A MySQL or MariaDB primary and its replicas, which find it by its DNS name.
 *
 * The pod of ordinal 0 is the primary. The others wait until it lets them in by name, replicate from that name
 * by global transaction ids, and are read-only: when the primary comes back at another address, they follow. A
 * replica that does not replicate is not Ready, so neither Service leads to it. A replica with an empty volume
 * replays the primary's binary log from its beginning; so that log is kept for good, and the volumes have to
 * hold all that was ever written.
 *
 * Clients read by the Service `<name>`, of any pod, and write to the primary by its own name
 * (`mysql.pod(0).fqdn`). There is no failover: without the primary nothing is written, and no replica is Ready.
 *
 * The Secret `<name>-secret` holds three passwords (see {@link Credentials}): `password` of the client account
 * `app`, which owns the database `app`; `replication-password` of the replicas' account; `root-password` of
 * root, who connects by the socket in the pod only. Each is one line of text; with another no server starts. Each server
 * takes them when it starts.
 *
 * Source: document 003 (StatefulSet `mysql`, "Combining Both Service Types"; it has both Services under names of
 * this form, and no password, with which MySQL does not start).
 *
 * Synthesis fails, with the path of the construct, on a bad name, flavour, number, size or peer.
 */
export class Mysql extends Construct {
  /** `<name>-headless`, port `mysql` (3306): each pod by its own name. */
  readonly headless: HeadlessService
  /** `<name>`, port `mysql` (3306): any pod that is Ready, for reading. */
  readonly clusterIp: ClusterIpService
  /** The Secret that has to be there. */
  readonly credentials: Credentials
  /** StatefulSet, PodDisruptionBudget and NetworkPolicy. */
  readonly workload: StatefulWorkload

  constructor(scope: Construct, id: string, props: MysqlProps = {}) {
    super(scope, id)
    const { name = 'mysql', flavour: asked = 'mysql', replicas = 3, volume = {}, minDomains } = props
    // A rule refuses what is no flavour, and says where it was written. Until then any will do.
    const flavour = Object.hasOwn(FLAVOURS, asked) ? asked : 'mysql'
    const parts = FLAVOURS[flavour]
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, flavour, 'database')

    const services = new ServicePair(this, 'services', {
      name,
      selector,
      labels,
      ports: [{ name: 'mysql', port: MYSQL_PORT, targetPort: 'mysql' }],
      ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    })
    this.headless = services.headless
    this.clusterIp = services.clusterIp
    this.credentials = new Credentials(this, 'credentials', { name: `${name}-secret`, keys: SECRET_KEYS })
    this.workload = new StatefulWorkload(this, 'workload', {
      name,
      replicas,
      service: this.headless,
      selector,
      labels,
      user: USER,
      pod: podOf({
        parts,
        image: props.image ?? parts.image,
        scripts: mysqlScripts(flavour),
        env: environment(`${name}-0`, this.headless),
        credentials: this.credentials,
      }),
      volumeClaims: [dataClaim(DATA, volume, '1Gi')],
      // One after the other, each Ready before the next: when a replica starts, the primary's name is in DNS.
      podManagement: 'OrderedReady',
      // Replicas come on the clients' port, and from the namespace as they do.
      ingress: { clients: [MYSQL_PORT], allowFrom: props.allowFrom ?? [] },
      ...(minDomains === undefined ? {} : { minDomains }),
    })
    addRules(this, wordRule('flavour', asked, Object.keys(FLAVOURS)))
  }

  /**
   * The DNS name of the pod of an ordinal; 0 is the primary.
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

/** `mysql`, in the official images of both: they give its number a name, and some tools ask for that. */
const USER = 999

/** Names of the volumes. */
const DATA = 'data'
const RUN = 'run'
const TMP = 'tmp'
const SECRET = 'credentials'

const mounts = {
  [DATA]: { name: DATA, mountPath: DATA_DIR },
  [RUN]: { name: RUN, mountPath: RUN_DIR },
  [TMP]: { name: TMP, mountPath: '/tmp' },
  [SECRET]: { name: SECRET, mountPath: SECRET_DIR, readOnly: true },
}

interface PodParts {
  readonly parts: FlavourParts
  readonly image: string
  readonly scripts: MysqlScripts
  readonly env: k8s.EnvVar[]
  readonly credentials: Credentials
}

function podOf({ parts, image, scripts, env, credentials }: PodParts): k8s.PodSpec {
  const server = resources({ cpu: '50m', memory: parts.memory, memoryLimit: parts.memoryLimit })
  return {
    // The server writes what it holds in memory before it ends.
    terminationGracePeriodSeconds: 60,
    initContainers: [
      {
        // Not in the server's container: there a probe could end it half way.
        name: 'make-data',
        image,
        command: ['sh', '-c', scripts.makeData],
        resources: server,
        volumeMounts: [mounts[DATA], mounts[TMP]],
      },
      {
        name: 'wait-for-primary',
        image,
        command: ['sh', '-c', scripts.waitForPrimary],
        env,
        resources: resources({ cpu: '10m', memory: '32Mi', memoryLimit: '64Mi' }),
        volumeMounts: [mounts[RUN], mounts[TMP], mounts[SECRET]],
      },
    ],
    containers: [
      {
        name: 'mysql',
        image,
        command: ['sh', '-c', scripts.start, 'mysql'],
        args: [...parts.server],
        env,
        ports: [{ name: 'mysql', containerPort: MYSQL_PORT }],
        // Ten minutes: after a crash the server goes through its log before it answers.
        startupProbe: {
          ...askedBy(scripts.isAlive),
          periodSeconds: 2,
          timeoutSeconds: 5,
          failureThreshold: 300,
        },
        readinessProbe: { ...askedBy(scripts.isReady), periodSeconds: 5, timeoutSeconds: 5 },
        // Slow to act: to restart a server that is only busy makes it busier.
        livenessProbe: {
          ...askedBy(scripts.isAlive),
          periodSeconds: 20,
          timeoutSeconds: 10,
          failureThreshold: 6,
        },
        resources: server,
        volumeMounts: Object.values(mounts),
      },
    ],
    volumes: [memory(RUN), scratch(TMP), credentials.volume(SECRET)],
  }
}

/** The environment of the scripts; see mysql-scripts.ts. */
function environment(primary: string, headless: HeadlessService): k8s.EnvVar[] {
  return [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'PRIMARY_NAME', value: primary },
    { name: 'PRIMARY_SHORT', value: lazyText(() => headless.pod(primary).short) },
    { name: 'PRIMARY_FQDN', value: lazyText(() => headless.pod(primary).fqdn) },
    { name: 'SERVICE_FQDN', value: lazyText(() => headless.dns.fqdn) },
  ]
}
