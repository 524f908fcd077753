import { namespaceOf, nextOrdinalPod, ordinalPods } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import type { DnsQuestion } from '../../observe/model/observations.js'
import { isReady, podsSelected } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { addressType, askAddress, dnsOf, unnamedPods } from '../../observe/model/questions.js'
import { isAskable } from '../../observe/model/service-names.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { eachGoverned, eachHeadlessDeployment } from '../scopes.js'
import { NONE, askMain, compareAnswers, isPositive } from './answers.js'
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
    const question = askMain(dns.pod(nextOrdinalPod(set)).fqdn, context)
    const controls = ordinalPods(set).map((name) => askMain(dns.pod(name).fqdn, context))
    return compareAnswers(context, question, 'NXDOMAIN', (answers) => {
      if (controls.length === 0) answers.mustKnowAName()
      else if (!controls.some((control) => isPositive(answers.to(control)))) {
        throw new Unobserved('no pod of it has a name, so a missing one proves nothing')
      }
      return answers.data(question)
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
    const pods = unnamed(service, context)
    const byAddress = pods.flatMap((pod) => pod.byAddress)
    const [first] = byAddress
    if (first === undefined) return noneIsUnnamed(service, context)
    const expected = Object.fromEntries(byAddress.map(({ question, ip }) => [question.name, [ip]]))
    return compareAnswers(context, first.question, expected, (answers) => all(answers, byAddress))
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
    const pods = unnamed(service, context).filter(({ byName }) => isAskable(byName.name))
    const [first] = pods
    if (first === undefined) return noneIsUnnamed(service, context)
    const expected = Object.fromEntries(pods.map(({ byName }) => [byName.name, NONE]))
    return compareAnswers(context, first.byName, expected, (answers) => {
      // The same server must know the pod by its address, or its not knowing the name says nothing.
      const unknown = pods
        .flatMap(({ byAddress }) => byAddress)
        .find(({ question }) => !isPositive(answers.to(question)))
      if (unknown !== undefined) {
        throw new Unobserved(`${unknown.question.name} has no address either (dns.deployment.dashed-ip)`)
      }
      return all(
        answers,
        pods.map(({ byName }) => ({ question: byName })),
      )
    })
  },
})

interface Unnamed {
  readonly byName: DnsQuestion
  /** For each of its addresses. */
  readonly byAddress: readonly { readonly ip: string; readonly question: DnsQuestion }[]
}

/** The ready pods of Deployments behind a headless service, with the questions for both names. */
function unnamed(service: Service, context: Context): Unnamed[] {
  const dns = dnsOf(service, context.lab)
  return unnamedPods(service, context.declared, context.lab, readyPods(context)).map(({ name, ips }) => ({
    byName: askMain(dns.pod(name).fqdn, context),
    byAddress: ips.map((ip) => ({ ip, question: askAddress(dns.podByAddress(ip).fqdn, addressType(ip)) })),
  }))
}

function readyPods({ read, observations }: Context): Pod[] {
  return read(observations.api.pods).filter(isReady)
}

/** Why no pod of a Deployment is without a host name: they have one under this service, or none is ready. */
export function noneIsUnnamed(service: Service, context: Context): Outcome {
  if (podsSelected(readyPods(context), namespaceOf(service), service.spec?.selector).length > 0)
    return skipped('the pods have host names of their own under the service')
  throw new Unobserved('there is no ready pod to have a name')
}

function all(answers: Answers, questions: readonly { readonly question: DnsQuestion }[]): object {
  return Object.fromEntries(questions.map(({ question }) => [question.name, answers.data(question)]))
}
