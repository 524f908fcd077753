import { parseDocument } from 'yaml'
import type { DnsAnswer, DnsQuestion, DnsRecord } from './model/observations.js'

/** What dig ends with when no server answered. */
const NO_ANSWER = 9

/**
 * Asks one question first: where the DNS server is away that is known after it, not after every question.
 * Arguments: the name to ask first, then those of dig.
 */
const SCRIPT = `
dig -r +tries=2 +time=1 "$1" A > /dev/null
[ $? -ne ${NO_ANSWER} ] || exit ${NO_ANSWER}
shift
exec dig "$@"
`

/**
 * The command that asks all questions, in one run of dig. Each question has its place in the list as its query
 * id, which comes back in the response: so answers find their question also where one is missing, or where
 * two questions become the same name.
 *
 * It needs dig 9.18 or newer (`+yaml`, `+qid`).
 */
export function digCommand(questions: readonly DnsQuestion[], clusterDomain: string): string[] {
  return [
    ...['sh', '-c', SCRIPT, 'sh', `kubernetes.default.svc.${clusterDomain}.`],
    // -r: no settings of the user's own.
    ...['-r', '+yaml', '+tries=2', '+time=1'],
    ...questions.flatMap(({ name, type, search }, index) => [
      search ? name : `${name}.`,
      type,
      `+qid=${idOf(index)}`,
      search ? '+search' : '+nosearch',
    ]),
  ]
}

/** Whether dig ended as it does with an answer to all questions, or without one to some. */
export function digEnded(exitCode: number): boolean {
  return exitCode === 0 || exitCode === NO_ANSWER
}

/** The answers in what dig printed. A question without a response has the status `TIMEOUT`. */
export function parseDig(output: string, questions: readonly DnsQuestion[]): DnsAnswer[] {
  const responses = new Map(messages(output).map((message) => [message.id, message]))
  return questions.map((question, index) => {
    const response = responses.get(idOf(index))
    if (response === undefined) return { question, status: 'TIMEOUT', records: [], server: '' }
    const { status, records, server } = response
    return { question, status, records, server }
  })
}

interface Response {
  readonly id: number
  readonly status: string
  readonly records: readonly DnsRecord[]
  readonly server: string
}

/** 0 is not used: some servers and tools take it for "none". */
function idOf(index: number): number {
  return index + 1
}

/** Each message is read for itself: one that dig printed badly (its error texts are not always YAML) costs no other. */
function messages(output: string): Response[] {
  return output.split(/^(?=-\s)/m).flatMap((text) => {
    const document = parseDocument(text.replaceAll('!!timestamp ', ''), { logLevel: 'silent' })
    if (document.errors.length > 0) return []
    const items = document.toJS() as unknown
    return Array.isArray(items) ? items.flatMap((item: unknown) => response(item) ?? []) : []
  })
}

function response(value: unknown): Response | undefined {
  const message = field(value, 'message')
  const data = field(message, 'response_message_data')
  const id = field(data, 'id')
  const status = field(data, 'status')
  if (typeof id !== 'number' || typeof status !== 'string') return undefined
  const server = field(message, 'response_address')
  const answers = field(data, 'ANSWER_SECTION')
  return {
    id,
    status,
    records: Array.isArray(answers) ? answers.flatMap((line) => record(String(line)) ?? []) : [],
    server: typeof server === 'string' ? server : '',
  }
}

/** A record as zone files have it: name, TTL, class, type, data. */
function record(line: string): DnsRecord | undefined {
  const [name, ttl, , type, ...data] = line.trim().split(/\s+/)
  if (name === undefined || ttl === undefined || type === undefined) return undefined
  return { name: withoutDot(name), ttl: Number(ttl), type, data: data.map(withoutDot).join(' ') }
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
