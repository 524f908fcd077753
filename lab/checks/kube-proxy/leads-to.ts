import { familyName, namespaceOf } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { familyOf, podsSelected } from '../../observe/model/pods.js'
import { backends } from '../backends.js'
import { Unobserved, skipped } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { liveService } from '../live.js'
import { vipsOf } from './node-rules.js'
import { ruleText, socket } from './vip-rule.js'

/** A port of a virtual IP, and where it has to lead. */
export interface VipPort {
  readonly address: string
  readonly protocol: string
  readonly port: number
  /** `<address>:<port>`, sorted. */
  readonly backends: readonly string[]
}

/** Why the rules of a service are not the same on every node, or are not kube-proxy's; `undefined` where they are. */
export function servedOtherwise(live: Service): Outcome | undefined {
  const { internalTrafficPolicy, trafficDistribution } = (live.spec ?? {}) as {
    readonly internalTrafficPolicy?: string
    readonly trafficDistribution?: string
  }
  const proxy = live.metadata?.labels?.['service.kubernetes.io/service-proxy-name']
  if (proxy !== undefined) return skipped(`the service is left to another proxy, ${proxy}`)
  if (internalTrafficPolicy === 'Local')
    return skipped('internalTrafficPolicy is Local: each node leads to its own pods only')
  if (trafficDistribution !== undefined)
    return skipped(`trafficDistribution is ${trafficDistribution}: nodes may lead to near pods only`)
  return undefined
}

/** Every port of each virtual IP that the service has on the cluster. */
export function vipPorts(service: Service, context: Context): VipPort[] {
  const live = liveService(service, context)
  const vips = vipsOf(live)
  if (vips.length === 0)
    throw new Unobserved('on the cluster the service has no virtual IP (see services.type)')
  const unlooked = vips.find((ip) => !context.lab.ipFamilies.map(familyName).includes(familyOf(ip)))
  if (unlooked !== undefined)
    throw new Unobserved(`the cluster has no addresses of the family of ${unlooked}`)
  return vips.flatMap((address) => {
    const behind = backends(service, context, [familyOf(address)])
    if (behind.length === 0) mustNotLinger(service, context)
    return (live.spec?.ports ?? []).map(({ name = '', port, protocol = 'TCP', targetPort = port }) => {
      const target = { name, port, protocol: protocol as 'TCP', target: targetPort }
      const sockets = behind.flatMap((backend) => {
        const number = backend.portOf(target)
        return typeof number === 'number' ? [socket(backend.ip, number)] : []
      })
      return { address, protocol: protocol.toLowerCase(), port, backends: [...new Set(sockets)].sort() }
    })
  })
}

/** Where its last pods are being deleted, kube-proxy leads to them as long as they still serve. */
function mustNotLinger(service: Service, context: Context): void {
  const pods = podsSelected(
    context.read(context.observations.api.pods),
    namespaceOf(service),
    service.spec?.selector,
  )
  const leaving = pods.find(
    ({ metadata, status }) =>
      metadata?.deletionTimestamp !== undefined &&
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
  )
  if (leaving !== undefined)
    throw new Unobserved(
      `its last pod, ${leaving.metadata?.name ?? ''}, is being deleted and may still be led to`,
    )
}

/** The rule that a port has to have, as text. */
export function expectedRule(port: VipPort): string {
  return ruleText({ ...port, refused: port.backends.length === 0 })
}
