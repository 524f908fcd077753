import type { Service } from '../../observe/model/declared.js'
import { keyOf } from '../../observe/model/declared.js'
import type { Observations, Part } from '../../observe/model/observations.js'
import { Unobserved, skipped } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { compareOnNodes } from '../outcome.js'
import { iptablesRules } from './iptables.js'
import { ipvsRules } from './ipvs.js'
import { nftablesRules } from './nftables.js'
import type { NodeRules, VipRule } from './vip-rule.js'

/** Why nothing can be said of the rules of kube-proxy; `undefined` where it can. */
export function noProxy({ lab }: Pick<Context, 'lab'>): Outcome | undefined {
  if (lab.kubeProxyMode !== 'none') return undefined
  return skipped('there is no kube-proxy: something else (as Cilium) leads the virtual IPs')
}

/** Recordings that were made before something was looked at lack it. */
export function recorded(observations: Observations): Partial<Observations> {
  return observations
}

/** Compares on each node what its rules say, in whichever way kube-proxy writes them. */
export function compareRules(
  context: Context,
  service: Service,
  expected: unknown,
  look: (rules: NodeRules) => unknown,
): Outcome {
  const { nodes, command } = rulesOf(context)
  return compareOnNodes(context, nodes, expected, look, {
    source:
      `${command} ${context.lab.kubeProxyMode === 'ipvs' ? '' : `| grep ${keyOf(service)}`}`.trim() +
      ', on every node',
  })
}

interface Rules {
  readonly nodes: Readonly<Record<string, Part<NodeRules>>>
  readonly command: string
}

/** Read once in a judgement, not once for each service: what is declared is made anew for each judgement. */
const known = new WeakMap<Context['declared'], Rules>()

function rulesOf(context: Context): Rules {
  const rules = known.get(context.declared) ?? readRules(context)
  known.set(context.declared, rules)
  return rules
}

function readRules({ lab, observations }: Context): Rules {
  const { iptables = {}, nftables = {}, ipvs = {} } = recorded(observations)
  switch (lab.kubeProxyMode) {
    case 'iptables':
      return { nodes: each(iptables, iptablesRules), command: 'iptables-save' }
    case 'nftables':
      return { nodes: each(nftables, nftablesRules), command: 'nft list table ip kube-proxy' }
    case 'ipvs':
      return { nodes: each(ipvs, ipvsRules), command: 'ipvsadm -Ln' }
    default:
      throw new Unobserved('the mode of kube-proxy is not known')
  }
}

function each<T>(
  parts: Readonly<Record<string, Part<T>>>,
  read: (value: T) => NodeRules,
): Record<string, Part<NodeRules>> {
  return Object.fromEntries(
    Object.entries(parts).map(([node, part]) => [
      node,
      'error' in part ? part : { ...part, value: read(part.value) },
    ]),
  )
}

/** The rules for the virtual IPs of a service: by its name where the node knows it, or else by its addresses. */
export function rulesFor(service: Service, { vips }: NodeRules): VipRule[] {
  const key = keyOf(service)
  const own = new Set(vipsOf(service))
  return vips.filter((rule) => (rule.service === undefined ? own.has(rule.address) : rule.service === key))
}

/** The virtual IPs of a service on the cluster, one of each family that it has. */
export function vipsOf({ spec }: Service): string[] {
  const { clusterIP, clusterIPs } = spec ?? {}
  return [...new Set([...(clusterIPs ?? []), ...(clusterIP === undefined ? [] : [clusterIP])])].filter(
    (ip) => ip !== 'None' && ip !== '',
  )
}
