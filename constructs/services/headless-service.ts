import type { Construct } from 'constructs'
import type { DnsName } from '../dns.js'
import { Service, type ServiceProps } from './service.js'

/** Properties of {@link HeadlessService}. */
export interface HeadlessServiceProps extends ServiceProps {
  /**
   * Whether pods that are not Ready are in DNS too, for peers that must find each other to become Ready.
   * @default false
   */
  readonly publishNotReadyAddresses?: boolean
}

/** What a StatefulSet tells the headless Service that its pods have their names under. */
export interface GovernedSet {
  /** Name of the StatefulSet: its pods are `<name>-0`, `<name>-1` and so on. */
  readonly name: string
  /** Number of its pods. */
  readonly replicas: number
}

/**
 * A Service without a virtual address (`clusterIP: None`): its name resolves to the addresses of all its ready
 * pods, each pod has a name of its own under it, and kube-proxy has no rule for it.
 *
 * Synthesis fails, beside what every {@link Service} refuses, on a StatefulSet behind it that has no `serviceName`.
 *
 * Source: documents 000 (`headless-svc`), 001 (`redis-headless`, `nginx-headless`), 002 and 003.
 */
export class HeadlessService extends Service {
  private readonly sets: GovernedSet[] = []

  constructor(scope: Construct, id: string, props: HeadlessServiceProps) {
    super(scope, id, props, {
      clusterIp: 'None',
      publishNotReadyAddresses: props.publishNotReadyAddresses ?? false,
    })
  }

  /** Tells the Service of a StatefulSet that has its `serviceName`; {@link StatefulWorkload} does. */
  govern(set: GovernedSet): void {
    this.sets.push(set)
  }

  /**
   * The DNS name of a pod of its StatefulSet: by ordinal, or by the pod's host name.
   * @throws RangeError when its StatefulSet has no pod of that ordinal.
   * @throws DnsNameError when the name is not allowed in DNS.
   */
  pod(ordinal: number | string): DnsName {
    if (typeof ordinal === 'string') return this.dns.pod(ordinal)
    const set = this.sets.find(
      ({ replicas }) => Number.isInteger(ordinal) && ordinal >= 0 && ordinal < replicas,
    )
    if (set === undefined) {
      const has = this.sets.map(({ name, replicas }) => `${name} has ${replicas} replicas`).join(', ')
      throw new RangeError(
        `${this.node.path}: no pod ${ordinal}${has === '' ? ', it governs no StatefulSet' : `, ${has}`}`,
      )
    }
    return this.dns.pod(`${set.name}-${ordinal}`)
  }

  /**
   * The DNS names of all pods of its StatefulSet, in the order of their ordinals; none where there is only a
   * Deployment, whose pods have no names that are known beforehand.
   * @throws DnsNameError when a name is not allowed in DNS.
   */
  pods(): DnsName[] {
    return this.sets.flatMap(({ name, replicas }) =>
      Array.from({ length: Math.max(replicas, 0) }, (_, ordinal) => this.dns.pod(`${name}-${ordinal}`)),
    )
  }
}
