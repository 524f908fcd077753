import { familiesOf, familyName } from '../../observe/model/declared.js'
import type { IpFamilyName, Service } from '../../observe/model/declared.js'
import type { LabFacts } from '../../observe/model/lab.js'
import type { DnsAnswer, DnsQuestion } from '../../observe/model/observations.js'
import { familyOf } from '../../observe/model/pods.js'
import { addressType, askAddress, mainType, questionKey } from '../../observe/model/questions.js'
import type { AddressType } from '../../observe/model/questions.js'
import { isAskable } from '../../observe/model/service-names.js'
import { backends } from '../backends.js'
import type { Backend } from '../backends.js'
import { Unobserved } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { compareOnNodes } from '../outcome.js'

/** What the DNS server answers for a name that leads nowhere. */
export const NONE = 'NXDOMAIN'

/** What is seen of the records of a name: their data, sorted; or the response code when there is no answer. */
export type Seen = readonly string[] | string

/** The answers that the probe pod of one node got. */
export interface Answers {
  /** The answer to a question; without the question having been asked nothing can be said. */
  readonly to: (question: DnsQuestion) => DnsAnswer
  /** The records that an answer has of the type that was asked for. */
  readonly data: (question: DnsQuestion) => Seen
  /** The addresses of a name, of all types together; by type where they do not agree on whether there is one. */
  readonly addresses: (name: string, types: readonly AddressType[]) => Seen | Readonly<Record<string, Seen>>
  /** The control of an absence: where the server knows no name at all, one that is missing proves nothing. */
  readonly mustKnowAName: () => void
}

/** Judges what DNS answers on every node of the lab: the same is expected everywhere. */
export function compareAnswers(
  context: Context,
  question: DnsQuestion,
  expected: unknown,
  look: (answers: Answers) => unknown,
  hint?: string,
): Outcome {
  return compareOnNodes(context, context.observations.dns, expected, (seen) => look(answersOf(seen)), {
    source: `dig ${said(question)}, in a probe pod on every node`,
    ...(hint === undefined ? {} : { hint }),
  })
}

const OPTIONS = { tcp: ' +tcp', 'udp-512': ' +noedns +notcp +ignore' }

function said({ name, type, search, by }: DnsQuestion): string {
  return `${name} ${type}${search ? ' +search' : ''}${by === undefined ? '' : OPTIONS[by]}`
}

/** Judges the addresses of a name: exactly these, of every family; none means that there is no such name. */
export function compareAddresses(
  context: Context,
  name: string,
  wanted: readonly string[],
  hint?: string,
): Outcome {
  const types = typesOf(wanted, context.lab)
  const expected = wanted.length > 0 ? [...new Set(wanted)].sort() : NONE
  const question = askAddress(name, types[0] ?? 'A')
  const look = (answers: Answers): unknown => {
    if (wanted.length === 0) answers.mustKnowAName()
    return answers.addresses(name, types)
  }
  return compareAnswers(context, question, expected, look, hint)
}

/** The types that addresses are asked for by: those of the cluster, and what else is expected. */
export function typesOf(wanted: readonly string[], { ipFamilies }: LabFacts): AddressType[] {
  const families: readonly IpFamilyName[] = [...ipFamilies.map(familyName), ...wanted.map(familyOf)]
  return [...new Set(families)].map(addressType)
}

/** What a service has to lead to, of every family it has. */
export function leadsTo(service: Service, context: Context): Backend[] {
  return backends(service, context, familiesOf(service, context.lab.ipFamilies))
}

export function answersOf(seen: readonly DnsAnswer[]): Answers {
  const byQuestion = new Map(seen.map((answer) => [questionKey(answer.question), answer]))
  const to = (question: DnsQuestion): DnsAnswer => {
    const answer = byQuestion.get(questionKey(question))
    if (answer !== undefined) return answer
    const reason = isAskable(question.name)
      ? 'was not asked for'
      : 'cannot be asked for: it is too long, or has characters that no host name has'
    throw new Unobserved(`${said(question)} ${reason}`)
  }
  const data = (question: DnsQuestion): Seen => dataOf(to(question))
  return {
    to,
    data,
    addresses: (name, types) => {
      const byType = types.map((type) => [type, data(askAddress(name, type))] as const)
      const codes = byType.flatMap(([, one]) => (typeof one === 'string' ? [one] : []))
      const [first = NONE] = codes
      if (codes.length === 0) return byType.flatMap(([, one]) => one).sort()
      return codes.length === types.length && codes.every((code) => code === first)
        ? first
        : Object.fromEntries(byType)
    },
    mustKnowAName: () => {
      if (!seen.some(isPositive))
        throw new Unobserved('no name at all is known, so a missing one proves nothing')
    },
  }
}

/** Whether an answer has what was asked for. */
export function isPositive({ status, records, question }: DnsAnswer): boolean {
  return status === 'NOERROR' && records.some(({ type }) => type === question.type)
}

function dataOf({ status, records, question }: DnsAnswer): Seen {
  if (status !== 'NOERROR') return status
  return records
    .filter(({ type }) => type === question.type)
    .map(({ data }) => data)
    .sort()
}

/** The question for the addresses that every pod of the cluster has. */
export function askMain(name: string, { lab }: Context): DnsQuestion {
  return askAddress(name, mainType(lab))
}
