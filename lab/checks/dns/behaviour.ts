import { isDeepStrictEqual } from 'node:util'
import { isHeadless } from '../../observe/model/declared.js'
import type { Service } from '../../observe/model/declared.js'
import { dnsCacheSeconds, dnsTtl } from '../../observe/model/corefile.js'
import { askShort, dnsOf, mainType, searched } from '../../observe/model/questions.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context } from '../check.js'
import { eachNamedService } from '../scopes.js'
import { askMain, compareAnswers, isPositive, leadsTo } from './answers.js'

export const ttl = defineCheck({
  id: 'dns.ttl',
  title: "the records live as long as the DNS server's configuration says",
  answers: '001 notes, DNS caching (corrected)',
  needs: ['dns', 'api.corefile', 'api.pods'],
  hint: 'The Corefile was changed and CoreDNS has not read it again yet, or something between pod and CoreDNS caches.',
  of: eachNamedService,
  judge: (service, context) => {
    if (leadsNowhere(service, context)) return skipped(NO_RECORDS)
    const { lab, observations } = context
    const question = askMain(dnsOf(service, lab).fqdn, context)
    const corefile = context.read(observations.api.corefile)
    const declared = dnsTtl(corefile, lab.clusterDomain)
    if (declared === undefined) throw new Unobserved(`the Corefile does not serve ${lab.clusterDomain}`)
    // A cached answer counts down.
    const cached = dnsCacheSeconds(corefile, lab.clusterDomain) > 0 || cachesOnNode(context)
    const expected = cached ? `at most ${declared}` : declared
    return compareAnswers(context, question, expected, (answers) => {
      const answer = answers.to(question)
      if (!isPositive(answer)) throw new Unobserved(`${question.name} has no records (${answer.status})`)
      const seen = [...new Set(answer.records.map((record) => record.ttl))].sort((a, b) => a - b)
      const fits = seen.every((one) => (cached ? one <= declared : one === declared))
      return fits ? expected : seen
    })
  },
})

/** Whether something on a node answers instead of CoreDNS: NodeLocal DNSCache does so under a link-local address. */
function cachesOnNode({ lab, observations }: Context): boolean {
  return (
    lab.nodeLocalDns === true ||
    Object.values(observations.dns).some(
      (part) => 'value' in part && part.value.some(({ server }) => /^(169\.254\.|fe[89ab])/i.test(server)),
    )
  )
}

export const searchPath = defineCheck({
  id: 'dns.search-path',
  title: 'short names, completed by the search path, mean the same as whole ones',
  answers: '001 exercises 3 and 4.1',
  needs: ['dns', 'api.pods'],
  hint: "The probe pod's resolv.conf has another search list or ndots: see its dnsPolicy and dnsConfig.",
  of: eachNamedService,
  judge: (service, context) => {
    if (leadsNowhere(service, context)) return skipped(NO_RECORDS)
    const { declared, lab, observations } = context
    const names = searched(service, declared, lab, observations.probeNamespace)
    const whole = dnsOf(service, lab).fqdn
    const inShort = (name: string) => askShort(name, mainType(lab))
    return compareAnswers(context, inShort(names[0]?.short ?? whole), 'the same addresses', (answers) => {
      const resolved = names.filter(({ fqdn }) => isPositive(answers.to(askMain(fqdn, context))))
      // Two names that both lead nowhere agree about nothing.
      if (resolved.length === 0) throw new Unobserved(`${whole} has no address to compare with`)
      const differ = resolved.flatMap(({ short, fqdn }) => {
        const seen = { [short]: answers.data(inShort(short)), [fqdn]: answers.data(askMain(fqdn, context)) }
        return isDeepStrictEqual(seen[short], seen[fqdn]) ? [] : [seen]
      })
      return differ.length === 0 ? 'the same addresses' : differ
    })
  },
})

export const NO_RECORDS = 'nothing is ready behind the headless service, so its name has no records'

/** Whether a service is to have no records: a virtual IP is there always, addresses of pods are not. */
export function leadsNowhere(service: Service, context: Context): boolean {
  return isHeadless(service) && leadsTo(service, context).length === 0
}
