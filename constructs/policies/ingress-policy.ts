import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { isIP } from 'node:net'
import type { Protocol } from '../dns.js'
import type { Labels } from '../labels.js'
import { labelProblems, rfc1123Problem, subdomainProblem } from '../names.js'
import { oneOfAName } from '../one-of-a-name.js'
import { addRules, nameRule, portProblem } from '../validation.js'

/**
 * Who may connect. Pods of the policy's own namespace unless `namespace` says another; all of them unless
 * `podLabels` says which. `cidr` is for addresses that are no pods', and stands alone.
 */
export interface Peer {
  /** Name of a namespace (by its label `kubernetes.io/metadata.name`, which the API server sets). */
  readonly namespace?: string
  /**
   * Labels of the pods.
   * @default - all pods of the namespace
   */
  readonly podLabels?: Labels
  /** A range of addresses: `172.18.0.0/16`, `fc00::/7`. */
  readonly cidr?: string
}

/** All pods of the policy's own namespace. */
export const OWN_NAMESPACE: Peer = {}

/** A port of pods that may be one of another protocol than TCP. */
export interface IngressPort {
  /** 1 to 65535. */
  readonly port: number
  /** Transport protocol of the port. */
  readonly protocol: Protocol
}

/** Who may connect to which ports. */
export interface IngressRule {
  /** At least one. */
  readonly from: readonly Peer[]
  /** Ports of the pods (not of a Service), 1 to 65535; at least one. A number alone is one of TCP. */
  readonly ports: readonly (number | IngressPort)[]
}

/** Properties of {@link IngressPolicy}. */
export interface IngressPolicyProps {
  /** Name of the NetworkPolicy: a subdomain of RFC 1123. */
  readonly name: string
  /** Labels of the pods it protects. */
  readonly selector: Labels
  /** Labels of the NetworkPolicy itself. */
  readonly labels?: Labels
  /** What is allowed; without a rule nothing is. */
  readonly rules: readonly IngressRule[]
}

/**
 * Lets in only what is said; what the pods ask of others is not limited. The kubelet of a pod's own node is
 * always let in (probes).
 *
 * Synthesis fails, with the path of the construct, on a bad name, label, port, namespace or CIDR, and on a peer
 * with both a CIDR and pods, and a rule without a peer or a port: Kubernetes would let in everybody, or to all ports.
 * It fails with the path of the chart where two objects have one name.
 */
export class IngressPolicy extends Construct {
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly networkPolicy: k8s.KubeNetworkPolicy

  constructor(scope: Construct, id: string, props: IngressPolicyProps) {
    super(scope, id)
    this.networkPolicy = new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata: { name: props.name, labels: { ...props.labels } },
      spec: {
        podSelector: { matchLabels: { ...props.selector } },
        policyTypes: ['Ingress'],
        // Left out rather than empty: an empty list is not kept, and each server-side apply of it counts as a change.
        ...(props.rules.length === 0
          ? {}
          : {
              ingress: props.rules.map(({ from, ports }) => ({
                from: from.map(toPeer),
                ports: ports.map(toPort),
              })),
            }),
      },
    })
    addRules(
      this,
      nameRule('name', props.name, subdomainProblem),
      () => labelProblems('selector', props.selector),
      () => labelProblems('labels', props.labels),
      () => props.rules.flatMap(ruleProblems),
    )
    oneOfAName(this)
  }
}

const portOf = (port: number | IngressPort): IngressPort =>
  typeof port === 'number' ? { port, protocol: 'TCP' } : port

function toPort(of: number | IngressPort): k8s.NetworkPolicyPort {
  const { port, protocol } = portOf(of)
  return { protocol, port: k8s.IntOrString.fromNumber(port) }
}

function toPeer({ namespace, podLabels, cidr }: Peer): k8s.NetworkPolicyPeer {
  if (cidr !== undefined) return { ipBlock: { cidr } }
  return {
    ...(namespace === undefined
      ? {}
      : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }),
    ...(namespace !== undefined && podLabels === undefined
      ? {}
      : { podSelector: podLabels === undefined ? {} : { matchLabels: { ...podLabels } } }),
  }
}

/** Without peers a rule is for everybody, and without ports for all of them: neither is said by leaving it out. */
function ruleProblems({ from, ports }: IngressRule): string[] {
  return [
    ...(from.length === 0 ? ['a rule has no peer'] : from.flatMap(peerProblems)),
    ...(ports.length === 0
      ? ['a rule has no port']
      : ports.flatMap((port) => portProblem('port', portOf(port).port) ?? [])),
  ]
}

function peerProblems({ namespace, podLabels, cidr }: Peer): string[] {
  if (cidr !== undefined) {
    const [, address = '', length = ''] = /^([^/%]*)\/(0|[1-9]\d{0,2})$/.exec(cidr) ?? []
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    if (Number(length) > bits)
      return [`peer cidr ${JSON.stringify(cidr)} is no range of addresses, such as 172.18.0.0/16`]
    return namespace === undefined && podLabels === undefined
      ? []
      : ['a peer with a cidr has no namespace and no podLabels']
  }
  const problem = namespace === undefined ? undefined : rfc1123Problem(namespace)
  return [
    ...(problem === undefined ? [] : [`peer namespace ${problem}`]),
    ...labelProblems('peer podLabels', podLabels),
  ]
}
