import { familiesOf, isHeadless } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { familyOf } from '../../observe/model/pods.js'
import { defineCheck, skipped } from '../check.js'
import { liveOf, liveService } from '../live.js'
import { compare } from '../outcome.js'
import { eachService, eachWithSeveralPorts } from '../scopes.js'

/** How long kube-proxy keeps a client at its backend, where nothing else is said. */
const AFFINITY_SECONDS = 10_800

const exists = defineCheck({
  id: 'services.exists',
  title: 'the service is on the cluster',
  answers: '001 exercise 2',
  needs: ['api.services'],
  hint: 'It was deleted, or never applied: `deploy` brings it back.',
  of: eachService,
  judge: (service, { observations, read }) => {
    const live = liveOf(service, read(observations.api.services))
    return compare('present', live === undefined ? 'absent' : 'present')
  },
})

const type = defineCheck({
  id: 'services.type',
  title: 'the service is headless or has a virtual IP, as declared',
  answers: '001 exercise 2',
  needs: ['api.services'],
  hint: 'clusterIP cannot be changed in place: delete the service and `deploy`.',
  of: eachService,
  judge: (service, context) => compare(kindOf(service), kindOf(liveService(service, context))),
})

const ports = defineCheck({
  id: 'services.ports',
  title: 'the service has the declared ports, names and target ports',
  answers: '001 exercise 2',
  needs: ['api.services'],
  hint: 'Ports were edited by hand. Without its name a port has no SRV records; `deploy` sets it back.',
  of: eachService,
  judge: (service, context) => compare(portsOf(service), portsOf(liveService(service, context))),
})

const portNames = defineCheck({
  id: 'services.port-names',
  title: 'of several ports each has a name of its own',
  answers: '002 Kafka; Kubernetes: Service, multi-port services',
  needs: ['api.services'],
  hint: 'Slices, DNS and kube-proxy tell the ports of a service apart by their names: name each of them.',
  of: eachWithSeveralPorts,
  judge: (service, context) => {
    const all = liveService(service, context).spec?.ports ?? []
    if (all.length < 2) return skipped('the service has one port, which needs no name')
    const names = all.map(({ name }) => name)
    const observed = {
      'without a name': all.filter(({ name = '' }) => name === '').map(({ port }) => port),
      'name of several': names.filter((name, i) => name !== undefined && names.indexOf(name) !== i),
    }
    return compare({ 'without a name': [], 'name of several': [] }, observed)
  },
})

const ipFamilies = defineCheck({
  id: 'services.ip-families',
  title: 'the service has the declared address families, and a virtual IP of each where it has one',
  answers: '001 notes, dual stack; Kubernetes: IPv4/IPv6 dual-stack',
  needs: ['api.services'],
  hint: 'A service keeps the families it was made with: ipFamilyPolicy PreferDualStack adds the second one. A headless service without a selector has both on every cluster.',
  of: eachService,
  judge: (service, context) => {
    const { spec } = liveService(service, context)
    if (spec?.type === 'ExternalName') return skipped('the service is a name for another name')
    const families = familiesOf(service, context.lab.ipFamilies)
    const virtual = isHeadless(service) ? ['None'] : families
    const clusterIPs = (spec?.clusterIPs ?? []).map((ip) => (ip === 'None' ? ip : familyOf(ip)))
    return compare({ families, virtual }, { families: spec?.ipFamilies ?? [], virtual: clusterIPs })
  },
})

const publishNotReady = defineCheck({
  id: 'services.publish-not-ready',
  title: 'the service publishes pods that are not Ready, or not, as declared',
  answers: '002 Postgres headless service; Kubernetes: DNS for Services and Pods',
  needs: ['api.services'],
  hint: 'publishNotReadyAddresses was edited by hand. Peers that become Ready only together find each other by it; clients of other services must not see pods that are not Ready.',
  of: eachService,
  judge: (service, context) =>
    compare(
      { publishNotReadyAddresses: service.spec?.publishNotReadyAddresses ?? false },
      {
        publishNotReadyAddresses: liveService(service, context).spec?.publishNotReadyAddresses ?? false,
      },
    ),
})

const traffic = defineCheck({
  id: 'services.traffic',
  title: 'session affinity and traffic policy of the service are as declared',
  answers: 'Kubernetes: Virtual IPs and Service Proxies',
  needs: ['api.services'],
  hint: 'It was edited by hand: internalTrafficPolicy Local refuses clients on nodes without a pod of the service, session affinity keeps a client at one pod.',
  of: eachService,
  judge: (service, context) => compare(trafficOf(service), trafficOf(liveService(service, context))),
})

export const declaredChecks = [...[exists, type, ports, portNames, ipFamilies], ...[publishNotReady, traffic]]

function kindOf(service: Service): { type: string; clusterIP: string } {
  return { type: service.spec?.type ?? 'ClusterIP', clusterIP: isHeadless(service) ? 'None' : 'an address' }
}

function portsOf({ spec }: Service): object[] {
  return (spec?.ports ?? []).map(({ name = '', port, protocol = 'TCP', targetPort = port }) => ({
    name,
    port,
    protocol,
    targetPort,
  }))
}

function trafficOf({ spec }: Service): Record<string, unknown> {
  const affinity = spec?.sessionAffinity ?? 'None'
  return {
    sessionAffinity: affinity,
    ...(affinity === 'ClientIP'
      ? { seconds: spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS }
      : {}),
    internalTrafficPolicy: spec?.internalTrafficPolicy ?? 'Cluster',
    trafficDistribution: spec?.trafficDistribution ?? 'none',
  }
}
