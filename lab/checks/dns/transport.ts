import { isDeepStrictEqual } from 'node:util'
import { addressType, dnsOf, inOneDatagram, mainType, overTcp } from '../../observe/model/questions.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import { eachLargeService, eachNamedService } from '../scopes.js'
import { askMain, compareAnswers, isPositive, leadsTo } from './answers.js'
import { NO_RECORDS, leadsNowhere } from './behaviour.js'

const TCP_HINT =
  'TIMEOUT: something lets only UDP through to port 53 (a NetworkPolicy of the probe or of CoreDNS, a Service without the TCP port). REFUSED or others: see the CoreDNS log.'

export const tcp = defineCheck({
  id: 'dns.tcp',
  title: 'the DNS server gives the same addresses over TCP as over UDP',
  answers: 'RFC 7766',
  needs: ['dns', 'api.pods'],
  hint: TCP_HINT,
  of: eachNamedService,
  judge: (service, context) => {
    if (leadsNowhere(service, context)) return skipped(NO_RECORDS)
    const question = askMain(dnsOf(service, context.lab).fqdn, context)
    return compareAnswers(context, overTcp(question), 'the same addresses', (answers) => {
      const udp = answers.to(question)
      if (!isPositive(udp)) throw new Unobserved(`${question.name} has no addresses over UDP (${udp.status})`)
      const seen = { UDP: answers.data(question), TCP: answers.data(overTcp(question)) }
      return isDeepStrictEqual(seen.UDP, seen.TCP) ? 'the same addresses' : seen
    })
  },
})

export const truncation = defineCheck({
  id: 'dns.truncation',
  title:
    'an answer too large for a UDP message without EDNS says that it is cut off, and comes whole over TCP',
  answers: 'RFC 1035, 4.2.1 and RFC 2181, 9',
  needs: ['dns'],
  hint: `Not marked as cut off: something between pod and CoreDNS drops the mark, and clients take a part for the whole. ${TCP_HINT}`,
  of: eachLargeService,
  judge: (service, context) => {
    const type = mainType(context.lab)
    const ips = leadsTo(service, context).map(({ ip }) => ip)
    const wanted = [...new Set(ips.filter((ip) => addressType(ip) === type))].sort()
    const least = Math.ceil(512 / (type === 'A' ? 16 : 28))
    if (wanted.length < least) return skipped(`only ${wanted.length} addresses are ready, which fit`)
    const question = askMain(dnsOf(service, context.lab).fqdn, context)
    const expected = { UDP: 'cut off', TCP: `all ${wanted.length} addresses` }
    return compareAnswers(context, inOneDatagram(question), expected, (answers) => {
      const { status, truncated, records } = answers.to(inOneDatagram(question))
      const over = answers.data(overTcp(question))
      return {
        UDP:
          status !== 'NOERROR'
            ? status
            : truncated
              ? expected.UDP
              : `${records.length} addresses, and not marked as cut off`,
        TCP: isDeepStrictEqual(over, wanted) ? expected.TCP : differing(over, wanted),
      }
    })
  },
})

/** What is wrong with a long answer, without all that is right. */
function differing(seen: readonly string[] | string, wanted: readonly string[]): unknown {
  if (typeof seen === 'string') return seen
  return {
    addresses: seen.length,
    missing: wanted.filter((ip) => !seen.includes(ip)),
    surplus: seen.filter((ip) => !wanted.includes(ip)),
  }
}
