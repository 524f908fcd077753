import { keyOf, wantsVip } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { addressesOf, backends } from '../backends.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import { liveService } from '../live.js'
import { eachHeadless, eachWithVip } from '../scopes.js'
import { expectedRule, servedOtherwise, vipPorts } from './leads-to.js'
import { compareRules, noProxy, rulesFor } from './node-rules.js'
import { ruleText } from './vip-rule.js'
import type { NodeRules, VipRule } from './vip-rule.js'

/** The rules of one node; which of them is looked at depends on the mode of kube-proxy. */
export const RULES = 'iptables, nftables or ipvs'

const clusterIpRule = defineCheck({
  id: 'kube-proxy.clusterip-rule',
  title:
    'every node has a rule for each port of the virtual IP: to the pods, or to refuse where none is ready',
  answers: '001 exercise 6.1',
  needs: [RULES, 'api.services', 'api.pods'],
  hint: 'REJECT: kube-proxy knows of no ready pod (endpointslices.addresses). Nothing, or an old rule: see the log of kube-proxy on that node.',
  of: eachWithVip,
  judge: (service, context) => {
    const other = noProxy(context) ?? servedOtherwise(liveService(service, context))
    if (other !== undefined) return other
    const live = liveService(service, context)
    const expected = vipPorts(service, context).map(expectedRule).sort()
    return compareRules(context, service, expected, (rules) => rulesFor(live, rules).map(ruleText).sort())
  },
})

const endpoints = defineCheck({
  id: 'kube-proxy.endpoints',
  title: 'on every node the rules of the virtual IP lead to exactly the ready pods',
  answers: '001 exercise 6.1; Kubernetes: Virtual IPs and Service Proxies',
  needs: [RULES, 'api.services', 'api.pods'],
  hint: 'Too few or too many on every node: the EndpointSlices are wrong (endpointslices.addresses). On one node: its kube-proxy does not keep up, see its log. The wrong port: targetPort and the name of the container port.',
  of: eachWithVip,
  judge: (service, context) => {
    const other = noProxy(context) ?? servedOtherwise(liveService(service, context))
    if (other !== undefined) return other
    const live = liveService(service, context)
    const ports = vipPorts(service, context)
    const rules = ports.map(expectedRule)
    const expected = Object.fromEntries(ports.map((port) => [expectedRule(port), port.backends]))
    return compareRules(context, service, expected, (seen) => {
      const own = new Map(rulesFor(live, seen).map((rule) => [ruleText(rule), rule]))
      const lost = rules.find((rule) => !own.has(rule))
      if (lost !== undefined) throw new Unobserved(`there is no rule ${lost} (see kube-proxy.clusterip-rule)`)
      return Object.fromEntries(rules.map((rule) => [rule, own.get(rule)?.backends]))
    })
  },
})

const affinityRule = defineCheck({
  id: 'kube-proxy.affinity.rule',
  title: 'every node keeps a client at one pod for as long as the service says, and only where it says so',
  answers: 'Kubernetes: Virtual IPs and Service Proxies, session affinity',
  needs: [RULES, 'api.services', 'api.pods'],
  hint: 'The service on the cluster has another sessionAffinity (kubectl get service -o yaml), or the kube-proxy of that node does not keep up: see its log.',
  of: eachWithVip,
  judge: (service, context) => {
    const live = liveService(service, context)
    const other = noProxy(context) ?? servedOtherwise(live)
    if (other !== undefined) return other
    const ports = vipPorts(service, context).filter((port) => port.backends.length > 0)
    if (ports.length === 0) return skipped('no pod of it is ready, so that no rule could keep a client')
    const seconds =
      service.spec?.sessionAffinity === 'ClientIP'
        ? (service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_SECONDS)
        : undefined
    const expected = Object.fromEntries(ports.map((port) => [expectedRule(port), said(seconds)]))
    return compareRules(context, service, expected, (seen) => {
      const own = new Map(rulesFor(live, seen).map((rule) => [ruleText(rule), rule]))
      return Object.fromEntries(
        ports.map(expectedRule).map((text) => {
          const rule = own.get(text)
          if (rule === undefined)
            throw new Unobserved(`there is no rule ${text} (see kube-proxy.clusterip-rule)`)
          return [text, affinityText(rule, seconds)]
        }),
      )
    })
  },
})

/** What the API server sets where sessionAffinity says no time. */
const DEFAULT_SECONDS = 10_800
/** How many ticks a second has, as kernels are built. */
const TICKS: readonly number[] = [100, 250, 300, 1000]

function said(seconds: number | undefined): string {
  return seconds === undefined ? 'none' : `${seconds} s`
}

function affinityText({ affinity }: VipRule, expected: number | undefined): string {
  if (affinity === undefined) return said(undefined)
  if (affinity.time === 'some') return 'not alike at every pod'
  if (affinity.unit === 'seconds') return said(affinity.time)
  const fits = TICKS.some((ticks) => affinity.time === (expected ?? 0) * ticks)
  return fits ? said(expected) : `${affinity.time} ticks of the kernel`
}

const noHeadlessRule = defineCheck({
  id: 'kube-proxy.no-headless-rule',
  title: 'no node has a rule for the headless service, nor one for a virtual IP at a pod of it',
  answers: '001 exercise 6.2',
  needs: [RULES, 'api.services', 'api.pods'],
  hint: 'The service was made a ClusterIP service (services.type), or the rule was written by hand.',
  of: eachHeadless,
  judge: (service, context) => {
    const other = noProxy(context)
    if (other !== undefined) return other
    const { observations, read, declared, lab } = context
    const own = new Set(declared.services.map(keyOf))
    const seen = read(observations.api.services).filter(
      (one) => wantsVip(one) && keyOf(one) !== keyOf(service),
    )
    // Of the lab's own where there is one: that is what kube-proxy wrote last.
    const controls = seen.sort((a, b) => Number(own.has(keyOf(b))) - Number(own.has(keyOf(a))))
    const families = lab.ipFamilies.map((family) => `IPv${family}` as const)
    const pods = new Set(addressesOf(backends(service, context, families)))
    return compareRules(context, service, [], (rules) => {
      if (!controls.some((control) => hasRule(control, rules)))
        throw new Unobserved('there is no rule for any ClusterIP service, so a missing one proves nothing')
      return rules.mentions(keyOf(service), pods)
    })
  },
})

function hasRule(service: Service, rules: NodeRules): boolean {
  return rulesFor(service, rules).length > 0
}

export const ruleChecks = [clusterIpRule, endpoints, affinityRule, noHeadlessRule]
