import { nameOf, namespaceOf } from '../../observe/model/declared.js'
import { servesReverse } from '../../observe/model/corefile.js'
import { isReady, podsSelected } from '../../observe/model/pods.js'
import { addressesUnder, askPtr, dnsOf, unnamedPods, vipsOf } from '../../observe/model/questions.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { liveService } from '../live.js'
import { eachHeadlessDeployment, eachNamedPod, eachWithVip } from '../scopes.js'
import { noneIsUnnamed } from './absence.js'
import { compareAnswers } from './answers.js'

const HINT =
  'NXDOMAIN: the Corefile gives the reverse zones to another plugin, or the address is not in the slices that CoreDNS sees (endpointslices.addresses). Another name: the address belongs to something else now, or CoreDNS repeats what it knew: kubeadm lets it keep reverse names for 30 seconds.'

export const ptrVip = defineCheck({
  id: 'dns.ptr.vip',
  title: 'the virtual IP leads back to the name of the ClusterIP service',
  answers: 'Kubernetes: DNS specification, PTR records',
  needs: ['dns', 'api.services'],
  hint: HINT,
  of: eachWithVip,
  judge: (service, context) => {
    const vips = vipsOf(liveService(service, context))
    if (vips.length === 0) throw new Unobserved('the service has no virtual IP')
    const { fqdn } = dnsOf(service, context.lab)
    return comparePtr(
      context,
      vips.map((ip) => ({ ip, name: fqdn })),
      () => true,
    )
  },
})

export const ptrPod = defineCheck({
  id: 'dns.ptr.pod',
  title: 'the address of the StatefulSet pod leads back to its name',
  answers: 'Kubernetes: DNS specification, PTR records',
  needs: ['dns', 'api.pods'],
  hint: HINT,
  of: eachNamedPod,
  judge: ({ name, service }, context) => {
    const { lab, read, observations } = context
    const dns = dnsOf(service, lab)
    const pods = read(observations.api.pods)
    const pod = pods.find((one) => nameOf(one) === name && namespaceOf(one) === namespaceOf(service))
    const ips = pod === undefined ? [] : addressesUnder(service, pod, lab)
    if (pod === undefined || ips.length === 0) throw new Unobserved(`pod ${name} has no address`)
    if (!isReady(pod) && service.spec?.publishNotReadyAddresses !== true)
      throw new Unobserved(`pod ${name} is not Ready (workloads.ready), so it has no name`)
    if (!podsSelected([pod], namespaceOf(service), service.spec?.selector).includes(pod))
      throw new Unobserved(`service ${nameOf(service)} does not select pod ${name}, so it has no name`)
    return comparePtr(
      context,
      ips.map((ip) => ({ ip, name: dns.pod(name).fqdn })),
      // Other services that select the pod give its address names of their own.
      (seen) => seen.endsWith(`.${dns.fqdn}`),
    )
  },
})

export const ptrDashed = defineCheck({
  id: 'dns.ptr.dashed',
  title: 'the address of each ready Deployment pod leads back to its name made of that address',
  answers: 'Kubernetes: DNS specification, PTR records; 001 exercise 4 (corrected)',
  needs: ['dns', 'api.pods'],
  hint: HINT,
  of: eachHeadlessDeployment,
  judge: (service, context) => {
    const { lab, declared, read, observations } = context
    const dns = dnsOf(service, lab)
    const ready = read(observations.api.pods).filter(isReady)
    const ips = unnamedPods(service, declared, lab, ready).flatMap((pod) => pod.ips)
    if (ips.length === 0) return noneIsUnnamed(service, context)
    return comparePtr(
      context,
      ips.map((ip) => ({ ip, name: dns.podByAddress(ip).fqdn })),
      (seen) => seen.endsWith(`.${dns.fqdn}`),
    )
  },
})

/** Compares the names of addresses, those that fit, with the one that each has to have. */
function comparePtr(
  context: Context,
  wanted: readonly { readonly ip: string; readonly name: string }[],
  fits: (name: string) => boolean,
): Outcome {
  const { lab, observations } = context
  const [first] = wanted
  if (first === undefined) throw new Unobserved('there is no address')
  const { corefile } = observations.api
  // Where the Corefile may not be read, a right answer is right all the same.
  const elsewhere =
    'value' in corefile && wanted.some(({ ip }) => !servesReverse(corefile.value, lab.clusterDomain, ip))
  if (elsewhere) return skipped('the Corefile leaves the names of addresses to another server')
  const expected = Object.fromEntries(wanted.map(({ ip, name }) => [ip, [name]]))
  return compareAnswers(context, askPtr(first.ip), expected, ({ data }) =>
    Object.fromEntries(
      wanted.map(({ ip }) => {
        const seen = data(askPtr(ip))
        return [ip, typeof seen === 'string' ? seen : seen.filter(fits)]
      }),
    ),
  )
}
