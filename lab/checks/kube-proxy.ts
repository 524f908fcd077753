import { keyOf, wantsVip } from '../observe/model/declared.js'
import type { Service } from '../observe/model/declared.js'
import type { IptablesRule } from '../observe/model/observations.js'
import { addressesOf, backends } from './backends.js'
import { Unobserved, defineCheck, skipped } from './check.js'
import type { Context } from './check.js'
import { liveService } from './live.js'
import { compareOnNodes } from './outcome.js'
import { eachHeadless, eachWithVip } from './scopes.js'

/**
 * The chain that every packet to a virtual IP goes through, in the nat table with pods behind it, in the filter
 * table without. It exists only in kube-proxy's iptables mode.
 */
const SERVICES = 'KUBE-SERVICES'

const clusterIpRule = defineCheck({
  id: 'kube-proxy.clusterip-rule',
  title:
    'every node has a rule for each port of the virtual IP: to the pods, or to refuse where none is ready',
  answers: '001 exercise 6.1',
  needs: ['iptables', 'api.services', 'api.pods'],
  hint: 'REJECT: kube-proxy knows of no ready pod (endpointslices.addresses). Nothing, or an old rule: see the log of kube-proxy on that node.',
  of: eachWithVip,
  judge: (service, context) => {
    const other = otherMode(context)
    if (other !== undefined) return skipped(other)
    const live = liveService(service, context)
    const vip = live.spec?.clusterIP ?? 'None'
    if (vip === 'None')
      throw new Unobserved('on the cluster the service has no virtual IP (see services.type)')
    const ports = live.spec?.ports ?? []
    const refused = backends(service, context).length === 0 ? ' REJECT' : ''
    const expected = ports
      .map(({ port, protocol = 'TCP' }) => `${vip}/32 ${protocol.toLowerCase()} ${port}${refused}`)
      .sort()
    const look = (rules: readonly IptablesRule[]): string[] => vipRules(rules, service)
    return compareOnNodes(context, context.observations.iptables, expected, look, {
      source: commandFor(service),
    })
  },
})

const noHeadlessRule = defineCheck({
  id: 'kube-proxy.no-headless-rule',
  title: 'no node has a rule for the headless service, nor one for a virtual IP at a pod of it',
  answers: '001 exercise 6.2',
  needs: ['iptables', 'api.services', 'api.pods'],
  hint: 'The service was made a ClusterIP service (services.type), or the rule was written by hand.',
  of: eachHeadless,
  judge: (service, context) => {
    const other = otherMode(context)
    if (other !== undefined) return skipped(other)
    const { observations, read, declared } = context
    const seen = read(observations.api.services).filter(
      (one) => wantsVip(one) && keyOf(one) !== keyOf(service),
    )
    const own = new Set(declared.services.map(keyOf))
    // Of the lab's own where there is one: that is what kube-proxy wrote last.
    const controls = seen.sort((a, b) => Number(own.has(keyOf(b))) - Number(own.has(keyOf(a))))
    const pods = new Set(addressesOf(backends(service, context)).map((ip) => `${ip}/32`))
    return compareOnNodes(
      context,
      observations.iptables,
      [],
      (rules) => {
        if (!controls.some((control) => vipRules(rules, control).length > 0)) {
          throw new Unobserved('there is no rule for any ClusterIP service, so a missing one proves nothing')
        }
        return rules
          .filter(
            (rule) => isOf(rule, service) || (rule.chain === SERVICES && pods.has(rule.destination ?? '')),
          )
          .map(({ rule }) => rule)
      },
      { source: commandFor(service) },
    )
  },
})

export const kubeProxyChecks = [clusterIpRule, noHeadlessRule]

function otherMode({ lab }: Context): string | undefined {
  if (lab.kubeProxyMode === 'iptables') return undefined
  return `kube-proxy's mode is ${lab.kubeProxyMode}, which keeps no rules in iptables`
}

/** `<destination> <protocol> <port>` of the rules that catch a service's virtual IP, sorted; `REJECT` behind it. */
function vipRules(rules: readonly IptablesRule[], service: Service): string[] {
  return rules
    .filter(
      (rule) =>
        rule.chain === SERVICES &&
        isOf(rule, service) &&
        / (cluster IP|has no endpoints)$/.test(rule.comment ?? ''),
    )
    .map(
      ({ destination = '', protocol = '', dport = '', jump }) =>
        `${destination} ${protocol} ${dport}${jump === 'REJECT' ? ' REJECT' : ''}`,
    )
    .sort()
}

/** kube-proxy writes the service into the comment: `default/nginx-clusterip:http cluster IP`. */
function isOf({ comment = '' }: IptablesRule, service: Service): boolean {
  const key = keyOf(service)
  return comment === key || comment.startsWith(`${key}:`) || comment.startsWith(`${key} `)
}

function commandFor(service: Service): string {
  return `iptables-save | grep ${keyOf(service)}, on every node`
}
