import {
  allSlicesOf,
  familiesOf,
  isSelecting,
  nameOf,
  namespaceOf,
  readyEndpoints,
} from '../../observe/model/declared.js'
import { hasEnded, isReady, podsSelected } from '../../observe/model/pods.js'
import { addressesUnder, dnsOf, vipsOf } from '../../observe/model/questions.js'
import { addressesOf } from '../backends.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import { liveOf } from '../live.js'
import { eachHeadless, eachNamedPod, eachWithVip } from '../scopes.js'
import { NONE, askMain, compareAddresses, compareAnswers, leadsTo, typesOf } from './answers.js'

export const clusterIpAVip = defineCheck({
  id: 'dns.clusterip.a-vip',
  title: 'the name of the ClusterIP service has exactly its virtual IP, of each of its families',
  answers: '001 exercise 3.1',
  needs: ['dns', 'api.services'],
  hint: 'NXDOMAIN: the service is not there (services.exists). Pod addresses: it was made headless (services.type).',
  of: eachWithVip,
  judge: (service, context) => {
    const { fqdn } = dnsOf(service, context.lab)
    const live = liveOf(service, context.read(context.observations.api.services))
    const vips = live === undefined ? [] : vipsOf(live)
    if (vips.length > 0) return compareAddresses(context, fqdn, vips)
    const types = typesOf([], context.lab)
    return compareAnswers(
      ...([context, askMain(fqdn, context), 'its virtual IP, but it has none'] as const),
      ({ addresses }) => addresses(fqdn, types),
    )
  },
})

export const headlessASet = defineCheck({
  id: 'dns.headless.a-set',
  title: 'the name of the headless service has exactly the addresses of its ready pods or declared endpoints',
  answers: '001 exercises 3.2 and 3.3',
  needs: ['dns', 'api.pods'],
  hint: 'NXDOMAIN: the service is not there, selects no ready pod, or its slices are gone (services.exists, services.selector). Other addresses: compare endpointslices.addresses, then see the CoreDNS log.',
  of: eachHeadless,
  judge: (service, context) =>
    compareAddresses(context, dnsOf(service, context.lab).fqdn, addressesOf(leadsTo(service, context))),
})

export const headlessSlices = defineCheck({
  id: 'dns.headless.endpointslices',
  title: 'the name of the headless service has exactly the ready addresses of its EndpointSlices',
  answers: '001 exercise 4',
  needs: ['dns', 'api.endpointslices'],
  hint: 'CoreDNS serves other addresses than the API server has: it has lost its watch (see its log), or something between pod and CoreDNS caches. Do the slices themselves differ from the pods, endpointslices.addresses says so.',
  of: eachHeadless,
  judge: (service, context) => {
    const { read, observations, lab } = context
    const slices = allSlicesOf(service, read(observations.api.endpointSlices))
    // Slices of host names are served by nothing.
    const served = slices.filter(({ addressType }) => addressType !== 'FQDN')
    const addresses = readyEndpoints(served).flatMap((endpoint) => endpoint.addresses)
    return compareAddresses(context, dnsOf(service, lab).fqdn, addresses)
  },
})

export const headlessNotReady = defineCheck({
  id: 'dns.headless.not-ready',
  title: 'pods that are not ready are in the answer where the service publishes them, and nowhere else',
  answers: '002 publishNotReadyAddresses',
  needs: ['dns', 'api.pods'],
  hint: 'In the answer without being published: its EndpointSlice says that it is ready (endpointslices.addresses), or publishNotReadyAddresses was set on the cluster. Missing though published: that was taken away there.',
  of: eachHeadless,
  judge: (service, context) => {
    if (!isSelecting(service)) return skipped('the service has no selector, so no pods')
    const { lab, read, observations } = context
    const pods = podsSelected(read(observations.api.pods), namespaceOf(service), service.spec?.selector)
    const ips = pods
      .filter((pod) => !isReady(pod) && !hasEnded(pod))
      .flatMap((pod) => addressesUnder(service, pod, lab))
      .sort()
    if (ips.length === 0)
      return skipped(
        pods.length === 0
          ? 'the service selects no pod'
          : 'it selects no pod with an address that is not Ready',
      )
    const { fqdn } = dnsOf(service, lab)
    const types = typesOf(ips, lab)
    const published = service.spec?.publishNotReadyAddresses === true
    const expected = { 'not ready': ips, 'in the answer': published ? ips : [] }
    return compareAnswers(context, askMain(fqdn, context), expected, (answers) => {
      const all = types.flatMap((type) => answers.addresses(fqdn, [type])) as string[]
      const failed = all.find((one) => /^[A-Z]+$/.test(one) && one !== NONE)
      if (failed !== undefined) throw new Unobserved(`${fqdn} was not answered (${failed})`)
      answers.mustKnowAName()
      return { 'not ready': ips, 'in the answer': ips.filter((ip) => all.includes(ip)) }
    })
  },
})

export const podA = defineCheck({
  id: 'dns.pod.a',
  title: 'the name of the StatefulSet pod has exactly its address, of each family of the service',
  answers: '001 exercise 4.1',
  needs: ['dns', 'api.pods'],
  hint: 'The pod has no host name in its endpoint (endpointslices.hostname.present), or CoreDNS does not see the slices: see its log.',
  of: eachNamedPod,
  judge: ({ name, service }, context) => {
    const { fqdn } = dnsOf(service, context.lab).pod(name)
    const pods = context.read(context.observations.api.pods)
    const pod = pods.find((one) => nameOf(one) === name && namespaceOf(one) === namespaceOf(service))
    const ips = pod === undefined ? [] : addressesUnder(service, pod, context.lab)
    const hint =
      pod === undefined
        ? `There is no pod ${name}: the StatefulSet has fewer pods than declared (statefulsets.replicas).`
        : isReady(pod) || service.spec?.publishNotReadyAddresses === true
          ? undefined
          : `Pod ${name} is not Ready (workloads.ready): until it is, it has no name.`
    if (ips.length > 0) return compareAddresses(context, fqdn, ips, hint)
    const types = familiesOf(service, context.lab.ipFamilies).map((family) =>
      family === 'IPv4' ? 'A' : 'AAAA',
    )
    return compareAnswers(
      ...([context, askMain(fqdn, context), 'the address of the pod, but it has none'] as const),
      ({ addresses }) => addresses(fqdn, types),
      hint,
    )
  },
})
