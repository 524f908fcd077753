import { isHeadless } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import type { DnsAnswer } from '../../observe/model/observations.js'
import type { Pod } from '../../observe/model/pods.js'
import { askSrv, dnsOf, srvPorts } from '../../observe/model/questions.js'
import { Unobserved, defineCheck } from '../check.js'
import type { Context } from '../check.js'
import { backends, nameUnder } from '../live.js'
import { eachWithNamedPort } from '../scopes.js'
import { compareAnswers } from './answers.js'

export const srv = defineCheck({
  id: 'dns.srv',
  title: 'the SRV records of each named port have exactly the right targets and ports',
  answers: '001 DNS Record Types (corrected)',
  needs: ['dns', 'api.pods'],
  hint: 'NXDOMAIN: the port has no name on the cluster (services.ports), or there is no ready pod behind it.',
  of: eachWithNamedPort,
  judge: (service, context) => {
    const dns = dnsOf(service, context.lab)
    const ports = srvPorts(service).map((port) => ({
      ...port,
      question: askSrv(dns.srv(port.name, port.protocol)),
    }))
    const [first] = ports
    if (first === undefined) throw new Unobserved('no port has a name')
    const expected = Object.fromEntries(
      ports.map(({ name, port, question }) => [question.name, targets(service, name, port, context)]),
    )
    return compareAnswers(context, first.question, expected, (answers) =>
      Object.fromEntries(ports.map(({ question }) => [question.name, seen(answers.to(question))])),
    )
  },
})

/** `<port> <target>` of each record that has to be there, sorted. */
function targets(service: Service, name: string, port: number, context: Context): string[] {
  if (!isHeadless(service)) return [`${port} ${dnsOf(service, context.lab).fqdn}`]
  const target = service.spec?.ports?.find((one) => one.name === name)?.targetPort ?? port
  return backends(service, context)
    .map((pod) => `${numberOf(target, pod)} ${nameUnder(service, pod, context.lab)}`)
    .sort()
}

/** A target port may be the name of a container's port. */
function numberOf(target: number | string, pod: Pod): number | string {
  if (typeof target === 'number') return target
  const ports = pod.spec?.containers.flatMap((container) => container.ports ?? []) ?? []
  return ports.find(({ name }) => name === target)?.containerPort ?? target
}

/** Priority and weight are CoreDNS' own affair. */
function seen({ status, records }: DnsAnswer): string[] | string {
  if (status !== 'NOERROR') return status
  return records
    .filter(({ type }) => type === 'SRV')
    .map(({ data }) => data.split(' ').slice(2).join(' '))
    .sort()
}
