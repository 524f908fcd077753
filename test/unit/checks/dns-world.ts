import { dnsChecks } from '../../../lab/checks/dns/index.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { LabFacts } from '../../../lab/observe/model/lab.js'
import type { DnsAnswer, DnsQuestion } from '../../../lab/observe/model/observations.js'
import { familyOf } from '../../../lab/observe/model/pods.js'
import { reverseName } from '../../../lab/observe/model/reverse.js'
import type { CheckResult } from '../../../lab/report/model.js'
import { NAMESPACE } from './made.js'
import type { Made } from './made.js'
import { recording } from './recorded.js'
import type { Mutable, World } from './recorded.js'

/** How many A records fit into a UDP message without EDNS, more or less. */
const FIT = 28

/** What a healthy DNS server answers, given the data of the records of each name; every other name is unknown. */
export function healthyAnswer(
  question: DnsQuestion,
  dns: Made['dns'],
  { clusterDomain }: Pick<LabFacts, 'clusterDomain'>,
): DnsAnswer {
  const { name, type, search, by } = question
  const all =
    type === 'PTR' ? namesOf(name, dns) : (dns[search ? `${name}.svc.${clusterDomain}` : name] ?? [])
  const data =
    type === 'A' || type === 'AAAA'
      ? all.filter((one) => familyOf(one) === (type === 'A' ? 'IPv4' : 'IPv6'))
      : all
  const cut = by === 'udp-512' && data.length > FIT
  return {
    question,
    status: all.length > 0 ? 'NOERROR' : 'NXDOMAIN',
    records: (cut ? data.slice(0, FIT) : data).map((each) => ({ name, ttl: 30, type, data: each })),
    server: '10.96.0.10',
    ...(cut ? { truncated: true } : {}),
  }
}

/** The names of an address: those of single endpoints, or else that of the service. */
function namesOf(reverse: string, dns: Made['dns']): string[] {
  const names = Object.entries(dns)
    .filter(
      ([name, data]) =>
        !name.startsWith('_') && data.some((ip) => /^[\d.]+$|:/.test(ip) && reverseName(ip) === reverse),
    )
    .map(([name]) => name)
  const deepest = Math.max(0, ...names.map((name) => name.split('.').length))
  return names.filter((name) => name.split('.').length === deepest)
}

/** What the DNS checks say about one subject of those that were made, or about all of all. */
export function dnsResults(world: World, subject?: string): CheckResult[] {
  const { lab, declared, observations } = recording(world)
  const all = dnsChecks.flatMap((check) => check.run({ lab, declared: readDeclared(declared), observations }))
  return all.filter(
    ({ subject: of }) => subject === undefined || (of.name === subject && of.namespace === NAMESPACE),
  )
}

/** Changes the answers to some questions, on every node or on some. */
export function change(
  world: World,
  fits: (question: DnsQuestion) => boolean,
  how: (answer: Mutable<DnsAnswer>) => void,
  nodes: readonly string[] = world.lab.nodes,
): void {
  for (const node of nodes) {
    const part = world.observations.dns[node]
    if (part === undefined || 'error' in part) throw new Error(`${node} was not answered`)
    for (const one of part.value) if (fits(one.question)) how(one)
  }
}
