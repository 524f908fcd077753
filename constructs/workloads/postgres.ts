import { Construct } from 'constructs'
import { Credentials } from '../credentials.js'
import type { DnsName } from '../dns.js'
import { selectorLabels, workloadLabels, type Labels } from '../labels.js'
import { lazyText } from '../lazy.js'
import type { Peer } from '../policies/ingress-policy.js'
import type { ClusterIpService } from '../services/cluster-ip-service.js'
import type { HeadlessService } from '../services/headless-service.js'
import { ServicePair } from '../services/service-pair.js'
import { addRules, countRule, wordRule, type Rule } from '../validation.js'
import { PatroniAccess, REPLICAS_MAX } from './postgres-access.js'
import { DATA_VOLUME, patroniPod, POSTGRES_PORT_NAME, singlePod } from './postgres-pod.js'
import { PASSWORD_KEY, PATRONI_KEYS, PATRONI_PORT, POSTGRES_PORT } from './postgres-scripts.js'
import { StatefulWorkload, type StatefulWorkloadProps } from './stateful-workload.js'
import { dataClaim, type DataVolume } from './volume-claim.js'

/** What both forms of {@link Postgres} have in common. */
interface CommonProps {
  /**
   * Name of the StatefulSet and of the Service for reading, value of the pods' `app` label, and prefix of the
   * other names. A label of RFC 1035 of at most 52 characters.
   * @default 'postgres'
   */
  readonly name?: string
  /**
   * Volume of each pod; its size is 10Gi unless given.
   * @default - 10Gi of the cluster's default class
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

/** {@link Postgres} with replicas and automatic failover, by Patroni. */
export interface ReplicatedPostgresProps extends CommonProps {
  /** Who replicates: `none` is a single server. @default 'patroni' */
  readonly replication?: 'patroni'
  /**
   * Image with Patroni 4, Postgres 13 or newer, sh and sed on its PATH, where the number 999 has the name
   * `postgres`. Its entrypoint is not used. There is no official one: images/postgres shows how one is made.
   */
  readonly image: string
  /**
   * Number of pods, the primary among them. A whole number, 1 to 10: by Patroni's settings no more can replicate.
   * To scale, change it here: Patroni may change these pods and no others.
   * @default 3
   */
  readonly replicas?: number
  /**
   * Whether a commit waits until a replica has it, and only that replica may follow a primary that fails: no
   * acknowledged row is lost. While no replica is there, a commit waits for none. It counts when the cluster is
   * made; later use `patronictl edit-config`.
   * @default true
   */
  readonly synchronous?: boolean
}

/** {@link Postgres} as one server, without replicas and failover. */
export interface SinglePostgresProps extends CommonProps {
  /** One server, without Patroni. */
  readonly replication: 'none'
  /**
   * Image with Postgres 13 or newer and sh on its PATH, where the number 999 has the name `postgres`. Its entrypoint is
   * not used.
   * @default 'postgres:17'
   */
  readonly image?: string
}

/** Properties of {@link Postgres}: with replicas (the default) or, with `replication: 'none'`, one server. */
export type PostgresProps = ReplicatedPostgresProps | SinglePostgresProps

/**
 * Postgres behind three Services: `<name>-headless` gives each pod its name, also before it is Ready; `<name>`
 * leads to any pod that is Ready, for reading; `<name>-primary` to the one that takes writes.
 *
 * With Patroni the pods make one cluster. One is primary, the others stream from it. Patroni keeps the lock, the
 * settings and the member in charge in ConfigMaps of the namespace (`<name>-leader`, `-config`, `-sync` and
 * `-failover`, with the labels `app` and `app.kubernetes.io/instance`; they are made while it runs, so they stay
 * when these objects are deleted), and writes each pod's role on its label `role`: `primary` or `replica`. When
 * the primary ends or its node dies, a replica takes over: at once when it is told to end, else within 45
 * seconds. The former primary comes back as replica by itself. Kubernetes takes the pod of a dead node out of
 * the Services after 50 seconds; until then `<name>-primary` may lead to it too.
 *
 * With `replication: 'none'` there is one server, and it is the primary. Neither form takes over the data of
 * the other.
 *
 * The Secret `<name>-secret` holds the passwords (see {@link Credentials}): `password` of the superuser
 * `postgres`, and with Patroni `replication-password` and `restapi-password`. Each is one line of text; a pod
 * that reads another does not start. They count when the data is made.
 * Who runs in a pod is let in by the socket without one: `kubectl exec <name>-0 -- psql -U postgres`.
 * Connections are not encrypted.
 *
 * Source: document 002 (StatefulSet `postgres` and its three Services; its three servers do not replicate, and
 * nothing there sets the label `role` that `postgres-primary` selects).
 *
 * Synthesis fails, with the path of the construct, on a bad name, number, size or peer, on another `replication`,
 * without an image for Patroni, and on more than one server that do not replicate.
 */
export class Postgres extends Construct {
  /** `<name>-headless`, port `postgresql` (5432): each pod by its own name, Ready or not. */
  readonly headless: HeadlessService
  /** `<name>`, port `postgresql` (5432): any pod that is Ready, for reading. */
  readonly clusterIp: ClusterIpService
  /** `<name>-primary`, port `postgresql` (5432): the pod that takes writes. */
  readonly primary: ClusterIpService
  /** The Secret that has to be there. */
  readonly credentials: Credentials
  /** StatefulSet, PodDisruptionBudget and NetworkPolicy. */
  readonly workload: StatefulWorkload

  constructor(scope: Construct, id: string, props: PostgresProps) {
    super(scope, id)
    const { name = 'postgres', clusterDomain, minDomains, volume = {} } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'postgres', 'database')

    const services = new ServicePair(this, 'services', {
      name,
      selector,
      labels,
      ports: [{ name: POSTGRES_PORT_NAME, port: POSTGRES_PORT, targetPort: POSTGRES_PORT_NAME }],
      headless: { publishNotReadyAddresses: true },
      roles: { primary: PRIMARY },
      ...(clusterDomain === undefined ? {} : { clusterDomain }),
    })
    this.headless = services.headless
    this.clusterIp = services.clusterIp
    this.primary = services.role('primary')
    this.credentials = new Credentials(this, 'credentials', {
      name: `${name}-secret`,
      keys: props.replication === 'none' ? [PASSWORD_KEY] : [PASSWORD_KEY, ...PATRONI_KEYS],
    })
    this.workload = new StatefulWorkload(this, 'workload', {
      name,
      service: this.headless,
      selector,
      user: USER,
      volumeClaims: [dataClaim(DATA_VOLUME, volume, '10Gi')],
      ...(minDomains === undefined ? {} : { minDomains }),
      ...(props.replication === 'none'
        ? this.single(props, { ...labels, ...PRIMARY })
        : this.replicated(props, name, labels)),
    })
    addRules(this, ...rules(props))
  }

  /**
   * The DNS name of the pod of an ordinal. Any of them may be the primary.
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

  private replicated(props: ReplicatedPostgresProps, name: string, labels: Labels): FormProps {
    const { image, replicas = 3, synchronous = true, allowFrom = [] } = props
    const access = new PatroniAccess(this, 'access', { name, labels, replicas })
    return {
      replicas,
      labels,
      pod: patroniPod({
        image,
        synchronous,
        clusterName: name,
        serviceFqdn: lazyText(() => this.headless.dns.fqdn),
        serviceAccountName: access.serviceAccountName,
        credentials: this.credentials,
      }),
      // None waits for another one by its ordinal: the first that takes the lock makes the cluster, and a pod
      // that does not come back (its node is gone) keeps no other from coming back.
      podManagement: 'Parallel',
      ingress: { clients: [POSTGRES_PORT], peers: [PATRONI_PORT], allowFrom },
    }
  }

  private single(props: SinglePostgresProps, labels: Labels): FormProps {
    const { image = 'postgres:17', allowFrom = [] } = props
    return {
      replicas: 1,
      labels,
      pod: singlePod({ image, credentials: this.credentials }),
      ingress: { clients: [POSTGRES_PORT], allowFrom },
    }
  }
}

/** In what the two forms differ. */
type FormProps = Pick<StatefulWorkloadProps, 'replicas' | 'labels' | 'pod' | 'podManagement' | 'ingress'>

/** `postgres`, in the official image too: the server asks what the number is called, and lets that name in. */
const USER = 999

/** The label that the Service for the primary selects by. */
const PRIMARY: Labels = { role: 'primary' }

/** What the types say too, for those who do not ask them. */
function rules(props: PostgresProps): Rule[] {
  const { image, replicas = 1 } = props as { readonly image?: string; readonly replicas?: number }
  const { replication = 'patroni' } = props
  if (props.replication === 'none')
    return [
      () =>
        replicas === 1
          ? undefined
          : `replicas is ${replicas}; with replication 'none' they would be servers that know nothing of each other. Write 1, or replication 'patroni'`,
    ]
  return [
    wordRule('replication', replication, ['patroni', 'none']),
    countRule('replicas', replicas, 1, REPLICAS_MAX),
    () =>
      image === undefined || image === ''
        ? "image is missing; replication 'patroni' needs one with Patroni, and there is no official one"
        : undefined,
  ]
}
