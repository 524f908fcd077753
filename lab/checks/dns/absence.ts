import { nextOrdinalPod, ordinalPods } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import type { DnsQuestion } from '../../observe/model/observations.js'
import { isReady } from '../../observe/model/pods.js'
import { askA, dnsOf, unnamedPods } from '../../observe/model/questions.js'
import { Unobserved, defineCheck } from '../check.js'
import type { Context } from '../check.js'
import { eachGoverned, eachHeadlessDeployment } from '../scopes.js'
import { compareAnswers, isPositive } from './answers.js'
import type { Answers } from './answers.js'

export const absentOrdinal = defineCheck({
  id: 'dns.pod.absent-ordinal',
  title: 'a pod that the StatefulSet does not have has no name',
  answers: '001 exercise 4.1',
  needs: ['dns'],
  hint: 'The StatefulSet was scaled up by hand (statefulsets.replicas), or something answers for every name: see the Corefile.',
  of: eachGoverned,
  judge: ({ set, service }, context) => {
    const dns = dnsOf(service, context.lab)
    const question = askA(dns.pod(nextOrdinalPod(set)).fqdn)
    const controls = ordinalPods(set).map((name) => askA(dns.pod(name).fqdn))
    return compareAnswers(context, question, 'NXDOMAIN', (answers) => {
      if (controls.length > 0 && !controls.some((control) => isPositive(answers.to(control)))) {
        throw new Unobserved('no pod of it has a name, so a missing one proves nothing')
      }
      return answers.addresses(question)
    })
  },
})

export const deploymentDashedIp = defineCheck({
  id: 'dns.deployment.dashed-ip',
  title: 'each ready Deployment pod has a name made of its address',
  answers: '001 exercise 4 (corrected)',
  needs: ['dns', 'api.pods'],
  hint: 'The service leads to no such pod (endpointslices.addresses), or CoreDNS is told to use pod names (`endpoint_pod_names`).',
  of: eachHeadlessDeployment,
  judge: (service, context) => {
    const pods = unnamed(service, context).map(({ byAddress, ip }) => ({ question: byAddress, ip }))
    const [first] = pods
    if (first === undefined) throw new Unobserved('there is no ready pod to have a name')
    const expected = Object.fromEntries(pods.map(({ question, ip }) => [question.name, [ip]]))
    return compareAnswers(context, first.question, expected, (answers) => all(answers, pods))
  },
})

export const deploymentNoPodName = defineCheck({
  id: 'dns.deployment.no-pod-name',
  title: 'no Deployment pod has a name made of its own name',
  answers: '001 exercise 4 (corrected)',
  needs: ['dns', 'api.pods'],
  hint: 'The pod template sets hostname and subdomain, or CoreDNS is told to use pod names (`endpoint_pod_names` in the Corefile).',
  of: eachHeadlessDeployment,
  judge: (service, context) => {
    const pods = unnamed(service, context)
    const [first] = pods
    if (first === undefined) throw new Unobserved('there is no ready pod whose name could be absent')
    const expected = Object.fromEntries(pods.map(({ byName }) => [byName.name, 'NXDOMAIN']))
    return compareAnswers(context, first.byName, expected, (answers) => {
      // The same server must know the pod by its address, or its not knowing the name says nothing.
      const unknown = pods.find(({ byAddress }) => !isPositive(answers.to(byAddress)))
      if (unknown !== undefined) {
        throw new Unobserved(`${unknown.byAddress.name} has no address either (dns.deployment.dashed-ip)`)
      }
      return all(
        answers,
        pods.map(({ byName }) => ({ question: byName })),
      )
    })
  },
})

interface Unnamed {
  readonly ip: string
  readonly byName: DnsQuestion
  readonly byAddress: DnsQuestion
}

/** The ready pods of Deployments behind a headless service, with the questions for both names. */
function unnamed(service: Service, context: Context): Unnamed[] {
  const ready = context.read(context.observations.api.pods).filter(isReady)
  const dns = dnsOf(service, context.lab)
  return unnamedPods(service, context.declared, ready).map(({ name, ip }) => ({
    ip,
    byName: askA(dns.pod(name).fqdn),
    byAddress: askA(dns.podByAddress(ip).fqdn),
  }))
}

function all(answers: Answers, questions: readonly { readonly question: DnsQuestion }[]): object {
  return Object.fromEntries(questions.map(({ question }) => [question.name, answers.addresses(question)]))
}
