import { governedBy, isHeadless, ordinalPods } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { askAddress, addressType, dnsOf, vipsOf } from '../../observe/model/questions.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context } from '../check.js'
import { liveService } from '../live.js'
import { eachNamedService } from '../scopes.js'
import { compareAnswers, isPositive, leadsTo } from './answers.js'
import { NO_RECORDS } from './behaviour.js'

const EMPTY = 'NOERROR without records'

export const nodata = defineCheck({
  id: 'dns.nodata',
  title:
    'asked for a family of which it has no address, a name is known all the same: an empty answer, not NXDOMAIN',
  answers: '001 notes, AAAA in dual stack; RFC 2308, 2.2',
  needs: ['dns', 'api.pods', 'api.services'],
  hint: 'NXDOMAIN makes resolvers that ask for both families give up on the name (a template or rewrite in the Corefile does that). Records: the service has a family that the cluster does not.',
  of: eachNamedService,
  judge: (service, context) => {
    const names = namesWithAddresses(service, context)
    if (names.length === 0) return skipped(NO_RECORDS)
    const lacking = names.flatMap(({ name, ips }) =>
      (['A', 'AAAA'] as const)
        .filter((type) => !ips.some((ip) => addressType(ip) === type))
        .map((type) => ({
          question: askAddress(name, type),
          other: askAddress(name, type === 'A' ? 'AAAA' : 'A'),
        })),
    )
    const [first] = lacking
    if (first === undefined) return skipped('it has addresses of both families')
    const expected = Object.fromEntries(
      lacking.map(({ question: { name, type } }) => [`${name} ${type}`, EMPTY]),
    )
    return compareAnswers(context, first.question, expected, (answers) =>
      Object.fromEntries(
        lacking.map(({ question, other }) => {
          if (!isPositive(answers.to(other)))
            throw new Unobserved(`${other.name} has no ${other.type} records either`)
          const seen = answers.data(question)
          return [`${question.name} ${question.type}`, seen.length === 0 ? EMPTY : seen]
        }),
      ),
    )
  },
})

/** The names of a service and of the pods it governs, those that are to have addresses, with them. */
function namesWithAddresses(service: Service, context: Context): { name: string; ips: readonly string[] }[] {
  const { lab, declared, read, observations } = context
  const dns = dnsOf(service, lab)
  // Read for all: it is one claim, and what it needs is the same for each service.
  read(observations.api.services)
  if (!isHeadless(service)) {
    const ips = vipsOf(liveService(service, context))
    if (ips.length === 0)
      throw new Unobserved('on the cluster the service has no virtual IP (see services.type)')
    return [{ name: dns.fqdn, ips }]
  }
  const all = leadsTo(service, context)
  const names = [
    dns.fqdn,
    ...governedBy(service, declared)
      .flatMap(ordinalPods)
      .map((pod) => dns.pod(pod).fqdn),
  ]
  return names
    .map((name) => ({
      name,
      ips: all.filter(({ fqdn }) => name === dns.fqdn || fqdn === name).map(({ ip }) => ip),
    }))
    .filter(({ ips }) => ips.length > 0)
}
