import { nameOf, namespaceOf } from '../../observe/model/declared.js'
import { ipv4Of, isReady } from '../../observe/model/pods.js'
import { askA, dnsOf } from '../../observe/model/questions.js'
import { addressesOf, backends } from '../backends.js'
import { defineCheck } from '../check.js'
import { liveOf } from '../live.js'
import { eachHeadless, eachNamedPod, eachWithVip } from '../scopes.js'
import { NONE, compareAnswers } from './answers.js'

export const clusterIpAVip = defineCheck({
  id: 'dns.clusterip.a-vip',
  title: 'the name of the ClusterIP service has exactly its virtual IP',
  answers: '001 exercise 3.1',
  needs: ['dns', 'api.services'],
  hint: 'NXDOMAIN: the service is not there (services.exists). Pod addresses: it was made headless (services.type).',
  of: eachWithVip,
  judge: (service, context) => {
    const question = askA(dnsOf(service, context.lab).fqdn)
    const vip = liveOf(service, context.read(context.observations.api.services))?.spec?.clusterIP
    const expected = vip === undefined || vip === 'None' ? 'its virtual IP, but it has none' : [vip]
    return compareAnswers(context, question, expected, ({ addresses }) => addresses(question))
  },
})

export const headlessASet = defineCheck({
  id: 'dns.headless.a-set',
  title: 'the name of the headless service has exactly the addresses of its ready pods or declared endpoints',
  answers: '001 exercises 3.2 and 3.3',
  needs: ['dns', 'api.pods'],
  hint: 'NXDOMAIN: the service is not there, selects no ready pod, or its slices are gone (services.exists, services.selector). Other addresses: compare endpointslices.addresses, then see the CoreDNS log.',
  of: eachHeadless,
  judge: (service, context) => {
    const question = askA(dnsOf(service, context.lab).fqdn)
    const wanted = addressesOf(backends(service, context))
    return compareAnswers(context, question, wanted.length > 0 ? wanted : NONE, (answers) => {
      if (wanted.length === 0) answers.mustKnowAName()
      return answers.addresses(question)
    })
  },
})

export const podA = defineCheck({
  id: 'dns.pod.a',
  title: 'the name of the StatefulSet pod has exactly its address',
  answers: '001 exercise 4.1',
  needs: ['dns', 'api.pods'],
  hint: 'The pod has no host name in its endpoint (endpointslices.hostname.present), or CoreDNS does not see the slices: see its log.',
  of: eachNamedPod,
  judge: ({ name, service }, context) => {
    const question = askA(dnsOf(service, context.lab).pod(name).fqdn)
    const pods = context.read(context.observations.api.pods)
    const pod = pods.find((one) => nameOf(one) === name && namespaceOf(one) === namespaceOf(service))
    const address = pod === undefined ? undefined : ipv4Of(pod)
    const expected = address === undefined ? 'the address of the pod, but it has none' : [address]
    const hint =
      pod === undefined
        ? `There is no pod ${name}: the StatefulSet has fewer pods than declared (statefulsets.replicas).`
        : isReady(pod) || service.spec?.publishNotReadyAddresses === true
          ? undefined
          : `Pod ${name} is not Ready (workloads.ready): until it is, it has no name.`
    return compareAnswers(context, question, expected, ({ addresses }) => addresses(question), hint)
  },
})
