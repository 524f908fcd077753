import type { Service } from '../../observe/model/declared.js'
import type { DnsAnswer } from '../../observe/model/observations.js'
import { askSrv, dnsOf, srvPorts } from '../../observe/model/questions.js'
import type { SrvPort } from '../../observe/model/questions.js'
import { Unobserved, defineCheck } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { eachHeadlessWithNamedPort, eachVipWithNamedPort } from '../scopes.js'
import { NONE, compareAnswers, leadsTo } from './answers.js'

const HINT =
  'NXDOMAIN: the port has no name on the cluster (services.ports), or there is nothing behind it (services.exists, endpointslices.addresses).'

export const clusterIpSrv = defineCheck({
  id: 'dns.clusterip.srv',
  title: 'the SRV record of each named port leads to the service itself',
  answers: '001 DNS Record Types',
  needs: ['dns'],
  hint: HINT,
  of: eachVipWithNamedPort,
  judge: (service, context) =>
    compareSrv(service, context, ({ port }) => [`${port} ${dnsOf(service, context.lab).fqdn}`]),
})

export const headlessSrv = defineCheck({
  id: 'dns.headless.srv',
  title:
    'the SRV records of each named port are exactly the names and ports of its ready pods or declared endpoints',
  answers: '001 DNS Record Types (corrected)',
  needs: ['dns', 'api.pods'],
  hint: HINT,
  of: eachHeadlessWithNamedPort,
  judge: (service, context) => {
    const all = leadsTo(service, context)
    return compareSrv(service, context, (port) =>
      // A pod with a host name has one record, whatever the number of its addresses.
      [
        ...new Set(
          all.flatMap(({ portOf, fqdn }) => {
            const number = portOf(port)
            return number === undefined ? [] : [`${number} ${fqdn}`]
          }),
        ),
      ].sort(),
    )
  },
})

/** Compares the `<port> <target>` of the records of each port with what has to be there. */
function compareSrv(
  service: Service,
  context: Context,
  targets: (port: SrvPort) => readonly string[],
): Outcome {
  const dns = dnsOf(service, context.lab)
  const ports = srvPorts(service).map((port) => ({
    port,
    question: askSrv(dns.srv(port.name, port.protocol)),
  }))
  const [first] = ports
  if (first === undefined) throw new Unobserved('no port has a name')
  const expected = Object.fromEntries(
    ports.map(({ port, question }) => {
      const wanted = targets(port)
      return [question.name, wanted.length > 0 ? wanted : NONE]
    }),
  )
  return compareAnswers(context, first.question, expected, (answers) => {
    if (Object.values(expected).includes(NONE)) answers.mustKnowAName()
    return Object.fromEntries(ports.map(({ question }) => [question.name, seen(answers.to(question))]))
  })
}

/** Priority and weight are CoreDNS' own affair. */
function seen({ status, records }: DnsAnswer): string[] | string {
  if (status !== 'NOERROR') return status
  return records
    .filter(({ type }) => type === 'SRV')
    .map(({ data }) => data.split(' ').slice(2).join(' '))
    .sort()
}
