import { Chart } from 'cdk8s'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { DEFAULT_NAMESPACE, type DnsName, type Protocol } from '../dns.js'
import type { Labels } from '../labels.js'
import { labelProblems, qualifiedNameProblem, statefulSetNameProblem } from '../names.js'
import { restrictContainer, restrictPod } from '../pod-defaults.js'
import {
  IngressPolicy,
  OWN_NAMESPACE,
  type IngressPort,
  type IngressRule,
  type Peer,
} from '../policies/ingress-policy.js'
import { apartIfPossible, controlPlaneToleration, spreadOverNodes } from '../scheduling.js'
import type { HeadlessService } from '../services/headless-service.js'
import { carries } from '../services/rendered.js'
import { dnsProblem } from '../services/service.js'
import { addRules, countRule, nameRule } from '../validation.js'
import { containerProblems } from './container-problems.js'
import { claimProblems, claimTemplate, type VolumeClaim } from './volume-claim.js'

/** Who may connect to the pods of a workload. */
export interface WorkloadIngress {
  /**
   * Container ports for clients: all pods of the namespace, and `allowFrom`. Each is of the protocol that the
   * containers declare it with, else of TCP; so are `peers`.
   * @default - all ports of the containers that are not in `peers`
   */
  readonly clients?: readonly number[]
  /**
   * Container ports for the workload's own pods only, such as those of replication or a quorum.
   * @default - none
   */
  readonly peers?: readonly number[]
  /**
   * Clients beside those of the namespace.
   * @default - none
   */
  readonly allowFrom?: readonly Peer[]
}

/** When claims go: with the StatefulSet, and with the pods it is scaled down by. */
export interface VolumeClaimRetention {
  /** Whether the claims of all pods go with the StatefulSet. @default 'Retain' */
  readonly whenDeleted?: 'Retain' | 'Delete'
  /** Whether the claims of a pod go when the StatefulSet is scaled down below it. @default 'Retain' */
  readonly whenScaled?: 'Retain' | 'Delete'
}

/** How pods are replaced when the template changes. */
export interface StatefulUpdate {
  /** `OnDelete` replaces a pod only when somebody deletes it. @default 'RollingUpdate' */
  readonly type?: 'RollingUpdate' | 'OnDelete'
  /** Only pods of this ordinal and above are replaced. A whole number, 0 or more. @default 0 */
  readonly partition?: number
}

/** Properties of {@link StatefulWorkload}. */
export interface StatefulWorkloadProps {
  /** Name of the StatefulSet and of the objects beside it: a label of RFC 1123 of at most 52 characters. */
  readonly name: string
  /** Number of pods. A whole number, 0 or more. */
  readonly replicas: number
  /**
   * The headless Service under which the pods have their names. It is of the same namespace, made in the same chart
   * or one around it, and selects the pods.
   */
  readonly service: HeadlessService
  /** Labels that select the pods. */
  readonly selector: Labels
  /** Labels of the pods and of all objects; `selector` is among them. */
  readonly labels: Labels
  /**
   * The pods, as Kubernetes writes them. What is restricted by default (see docs/constructs.md, "Security") and
   * how pods are spread may be said otherwise here; what is said here is taken.
   */
  readonly pod: k8s.PodSpec
  /** Annotations of the pods. @default - none */
  readonly podAnnotations?: Readonly<Record<string, string>>
  /**
   * Number of the user and group of all containers, and of the group that owns the volumes. A whole number, 1 or
   * more.
   * @default 65532
   */
  readonly user?: number
  /** Volumes of each pod's own. @default - none */
  readonly volumeClaims?: readonly VolumeClaim[]
  /** When claims go. @default - claims are kept */
  readonly volumeClaimRetention?: VolumeClaimRetention
  /**
   * `OrderedReady` starts each pod when the one before is Ready; `Parallel` starts all at once, for peers that
   * need one another to become Ready.
   * @default 'OrderedReady'
   */
  readonly podManagement?: 'OrderedReady' | 'Parallel'
  /** How pods are replaced when the template changes. @default - all are, from the last one to the first */
  readonly update?: StatefulUpdate
  /** Seconds a pod is Ready before it counts as available. A whole number, 0 or more. @default 0 */
  readonly minReadySeconds?: number
  /**
   * Number of pods that a drain may take down at once (PodDisruptionBudget), 1 or more; `false` for no budget.
   * @default 1
   */
  readonly maxUnavailable?: number | false
  /**
   * Number of nodes the pods spread over: while fewer are usable, no node gets a second pod. A whole number,
   * 1 or more. It makes the spread strict.
   * @default - the nodes that are usable when a pod is scheduled
   */
  readonly minDomains?: number
  /**
   * Whether a pod waits rather than make the spread over the nodes uneven. In either way it is placed apart from
   * its peers where that is possible.
   * @default 'ScheduleAnyway', or 'DoNotSchedule' with `minDomains`
   */
  readonly spread?: 'DoNotSchedule' | 'ScheduleAnyway'
  /**
   * Who may connect; `false` for no NetworkPolicy.
   * @default - all ports of the containers, for the pods of the namespace
   */
  readonly ingress?: WorkloadIngress | false
}

/**
 * A StatefulSet with what belongs to one: names under a headless Service, volumes of each pod's own, an even
 * spread over the nodes, a PodDisruptionBudget, a NetworkPolicy, and containers that run restricted.
 *
 * Pods tolerate the taint of control-plane nodes.
 *
 * Source: documents 001 (`redis`), 002 (`postgres`, `kafka`) and 003 (`mysql`).
 *
 * Synthesis fails, with the path of the construct, on a bad name, number, image, label or volume claim, on labels
 * without the selector, on pods whose DNS names are too long, on a Service that does not select the pods or is in
 * another namespace, on no port to let anybody in to where nothing is said of it, and in `pod` on a quantity or a
 * probe's port that is none or that cdk8s would drop, and on a probe of a port that its container does not name.
 */
export class StatefulWorkload extends Construct {
  /** Name of the StatefulSet; its pods are `<name>-0`, `<name>-1` and so on. */
  readonly workloadName: string
  /** Number of pods. */
  readonly replicas: number
  /** The headless Service under which the pods have their names. */
  readonly headless: HeadlessService
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly statefulSet: k8s.KubeStatefulSet
  /** Absent with `maxUnavailable: false`. */
  readonly disruptionBudget?: k8s.KubePodDisruptionBudget
  /** Absent with `ingress: false`. */
  readonly ingressPolicy?: IngressPolicy

  constructor(scope: Construct, id: string, props: StatefulWorkloadProps) {
    super(scope, id)
    const { name, replicas, service, selector, labels, maxUnavailable = 1, ingress = {} } = props
    this.workloadName = name
    this.replicas = replicas
    this.headless = service
    const namespace = Chart.of(this).namespace ?? DEFAULT_NAMESPACE
    service.govern({ name, replicas })

    const metadata = { name, labels: { ...labels } }
    this.statefulSet = new k8s.KubeStatefulSet(this, 'stateful-set', {
      metadata,
      spec: {
        serviceName: service.serviceName,
        replicas,
        podManagementPolicy: props.podManagement ?? 'OrderedReady',
        ...updating(props),
        selector: { matchLabels: { ...selector } },
        template: {
          metadata: {
            labels: { ...labels },
            ...(props.podAnnotations === undefined ? {} : { annotations: { ...props.podAnnotations } }),
          },
          spec: podOf(props),
        },
        ...volumes(props),
      },
    })
    if (maxUnavailable !== false) {
      this.disruptionBudget = new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
        metadata,
        spec: {
          maxUnavailable: k8s.IntOrString.fromNumber(maxUnavailable),
          selector: { matchLabels: { ...selector } },
        },
      })
    }
    const rules = ingress === false ? [] : ingressRules(ingress, props)
    if (ingress !== false) {
      this.ingressPolicy = new IngressPolicy(this, 'ingress', {
        name,
        labels,
        selector,
        rules,
      })
    }

    addRules(
      this,
      nameRule('name', name, statefulSetNameProblem),
      countRule('replicas', replicas, 0),
      countRule('user', props.user ?? 1, 1),
      countRule('minDomains', props.minDomains ?? 1, 1),
      countRule('minReadySeconds', props.minReadySeconds ?? 0, 0),
      countRule('partition', props.update?.partition ?? 0, 0),
      countRule('maxUnavailable', maxUnavailable === false ? 1 : maxUnavailable, 1),
      () => claimProblems(props.volumeClaims ?? []),
      () => labelProblems('labels', labels),
      () => annotationProblems(props.podAnnotations),
      () => containerProblems(props.pod),
      () => podNameProblem(props),
      () => (carries(labels, selector) ? undefined : 'labels do not carry the selector'),
      () =>
        carries(labels, service.selector)
          ? undefined
          : `service ${service.node.path} (${service.serviceName}) does not select the pods`,
      () =>
        service.namespace === namespace
          ? undefined
          : `service ${service.node.path} (${service.serviceName}) is in namespace ${JSON.stringify(service.namespace)} and the pods are in ${JSON.stringify(namespace)}: they would have no names. Make it in the chart of the pods`,
      () =>
        props.minDomains !== undefined && props.spread === 'ScheduleAnyway'
          ? 'minDomains needs spread DoNotSchedule'
          : undefined,
      () =>
        ingress !== false && ingress.clients === undefined && rules.length === 0
          ? 'ingress lets nobody in: no container port is declared; write clients ([] for nobody), or ingress: false'
          : undefined,
    )
  }

  /**
   * The DNS name of the pod of an ordinal.
   * @throws RangeError when there is no such pod.
   * @throws DnsNameError when the name is not allowed in DNS.
   */
  pod(ordinal: number): DnsName {
    return this.headless.pod(ordinal)
  }

  /** The DNS names of all pods, in the order of their ordinals. */
  pods(): DnsName[] {
    return this.headless.pods()
  }
}

function annotationProblems(annotations: StatefulWorkloadProps['podAnnotations'] = {}): string[] {
  return Object.keys(annotations).flatMap((key) => {
    const problem = qualifiedNameProblem(key)
    return problem === undefined ? [] : [`pod annotation ${problem}`]
  })
}

/** Of the last pod, whose name is the longest. What is wrong with the parts of it is said where they are. */
function podNameProblem({ name, replicas, service }: StatefulWorkloadProps): string | undefined {
  if (statefulSetNameProblem(name) !== undefined || dnsProblem(() => service.dns) !== undefined)
    return undefined
  const last = Number.isInteger(replicas) && replicas > 0 ? replicas - 1 : 0
  return dnsProblem(() => service.dns.pod(`${name}-${last}`))
}

function podOf({ pod, user, selector, minDomains, spread }: StatefulWorkloadProps): k8s.PodSpec {
  const unsatisfiable = spread ?? (minDomains === undefined ? 'ScheduleAnyway' : 'DoNotSchedule')
  return {
    tolerations: [controlPlaneToleration],
    topologySpreadConstraints: [spreadOverNodes(selector, minDomains, unsatisfiable)],
    affinity: apartIfPossible(selector),
    ...restrictPod(pod, user),
    containers: pod.containers.map(restrictContainer),
    ...(pod.initContainers === undefined
      ? {}
      : { initContainers: pod.initContainers.map(restrictContainer) }),
  }
}

function updating({ update, minReadySeconds }: StatefulWorkloadProps): Partial<k8s.StatefulSetSpec> {
  const { type = 'RollingUpdate', partition } = update ?? {}
  return {
    ...(update === undefined
      ? {}
      : {
          updateStrategy: {
            type,
            ...(partition === undefined || type === 'OnDelete' ? {} : { rollingUpdate: { partition } }),
          },
        }),
    ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
  }
}

function volumes(props: StatefulWorkloadProps): Partial<k8s.StatefulSetSpec> {
  const { volumeClaims: claims = [], volumeClaimRetention: retention } = props
  return {
    ...(claims.length === 0 ? {} : { volumeClaimTemplates: claims.map(claimTemplate) }),
    ...(retention === undefined
      ? {}
      : {
          persistentVolumeClaimRetentionPolicy: {
            whenDeleted: retention.whenDeleted ?? 'Retain',
            whenScaled: retention.whenScaled ?? 'Retain',
          },
        }),
  }
}

function ingressRules(ingress: WorkloadIngress, { pod, selector }: StatefulWorkloadProps): IngressRule[] {
  const declared = pod.containers.flatMap(({ ports = [] }) => ports)
  const withProtocol = (numbers: readonly number[]): IngressPort[] =>
    numbers.flatMap((port) => {
      const same = declared.filter(({ containerPort }) => containerPort === port)
      const protocols = new Set(same.map(({ protocol = 'TCP' }) => protocol as Protocol))
      return [...(protocols.size === 0 ? (['TCP'] as const) : protocols)].map((protocol) => ({
        port,
        protocol,
      }))
    })
  const all = [...new Set(declared.map(({ containerPort }) => containerPort))]
  const peers = withProtocol(ingress.peers ?? [])
  const clients = withProtocol(ingress.clients ?? all.filter((port) => !ingress.peers?.includes(port)))
  return [
    ...(clients.length === 0
      ? []
      : [{ from: [OWN_NAMESPACE, ...(ingress.allowFrom ?? [])], ports: clients }]),
    ...(peers.length === 0 ? [] : [{ from: [{ podLabels: selector }], ports: peers }]),
  ]
}
