import type { DnsAnswer, DnsQuestion } from '../../observe/model/observations.js'
import { questionKey } from '../../observe/model/questions.js'
import { Unobserved } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { compareOnNodes } from '../outcome.js'

/** What the DNS server answers for a name that leads nowhere. */
export const NONE = 'NXDOMAIN'

/** The answers that the probe pod of one node got. */
export interface Answers {
  /** The answer to a question; without the question having been asked nothing can be said. */
  readonly to: (question: DnsQuestion) => DnsAnswer
  /** The addresses a name has, sorted; or the response code when there is no answer. */
  readonly addresses: (question: DnsQuestion) => readonly string[] | string
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
    source: `dig ${question.name} ${question.type}${question.search ? ' +search' : ''}, in a probe pod on every node`,
    ...(hint === undefined ? {} : { hint }),
  })
}

function answersOf(seen: readonly DnsAnswer[]): Answers {
  const byQuestion = new Map(seen.map((answer) => [questionKey(answer.question), answer]))
  const to = (question: DnsQuestion): DnsAnswer => {
    const answer = byQuestion.get(questionKey(question))
    if (answer === undefined) throw new Unobserved(`${question.name} was not asked for`)
    return answer
  }
  const mustKnowAName = (): void => {
    if (!seen.some(isPositive))
      throw new Unobserved('no name at all is known, so a missing one proves nothing')
  }
  return { to, addresses: (question) => addressesOf(to(question)), mustKnowAName }
}

/** Whether an answer has what was asked for. */
export function isPositive({ status, records, question }: DnsAnswer): boolean {
  return status === 'NOERROR' && records.some(({ type }) => type === question.type)
}

function addressesOf({ status, records }: DnsAnswer): readonly string[] | string {
  if (status !== 'NOERROR') return status
  return records
    .filter(({ type }) => type === 'A')
    .map(({ data }) => data)
    .sort()
}
