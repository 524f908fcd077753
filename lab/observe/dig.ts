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
    // -r: no settings of the user's own. +search holds for all questions, wherever it stands: a last dot is what
    // keeps a name from being completed.
    ...['-r', '+yaml', '+search', '+noauthority', '+noadditional', '+tries=2', '+time=1'],
    ...questions.flatMap(({ name, type, search }, index) => [
      search ? name : `${name}.`,
      type,
      `+qid=${idOf(index)}`,
    ]),
  ]
}

/** Whether dig ended as it does with an answer to all questions, or without one to some. */
export function digEnded(exitCode: number): boolean {
  return exitCode === 0 || exitCode === NO_ANSWER
}

/** The answers in what dig printed. A question without a response has the status `TIMEOUT`. */
export function parseDig(output: string, questions: readonly DnsQuestion[]): DnsAnswer[] {
  const responses = new Map<number, Response>()
  let next = 0
  for (const response of messages(output)) {
    const index = response.id === undefined ? placeOf(response, questions, next) : response.id - idOf(0)
    responses.set(index, response)
    next = index + 1
  }
  return questions.map((question, index) => {
    const response = responses.get(index)
    if (response === undefined) return { question, status: 'TIMEOUT', records: [], server: '' }
    const { status, records, server } = response
    return { question, status, records, server }
  })
}

/** The place of the question of a response without an id: the next one, since dig asks in order, that fits. */
function placeOf({ asked }: Response, questions: readonly DnsQuestion[], next: number): number {
  const found = questions.findIndex(({ name, type, search }, index) => {
    if (index < next || !asked.endsWith(` ${type}`)) return false
    return search ? asked.startsWith(`${name}.`) : asked.startsWith(`${name}. `)
  })
  return found === -1 ? questions.length : found
}

interface Response {
  /** Absent from a response that fills more than 32 KiB as text: there dig (9.20) loses the header. */
  readonly id?: number
  /** `<name>. IN <type>`. */
  readonly asked: string
  readonly status: string
  readonly records: readonly DnsRecord[]
  readonly server: string
}

/** 0 is not used: some servers and tools take it for "none". */
function idOf(index: number): number {
  return index + 1
}

/**
 * Each message is read for itself: one that dig printed badly (its error texts are not always YAML) costs no other.
 * It is read line by line, as dig always lays it out: a YAML parser takes a second for a thousand records.
 */
function messages(output: string): Response[] {
  return output.split(/^(?=-\s)/m).flatMap((text) => response(text) ?? [])
}

function response(text: string): Response | undefined {
  const id = field(text, 'id')
  const answers = section(text, 'ANSWER_SECTION')
  // Without its header a response is one of many records, so there was no error.
  const status = field(text, 'status') ?? (answers.length > 0 ? 'NOERROR' : undefined)
  if (status === undefined) return undefined
  return {
    ...(id === undefined ? {} : { id: Number(id) }),
    asked: section(text, 'QUESTION_SECTION')[0] ?? '',
    status,
    records: answers.flatMap((line) => record(line) ?? []),
    server: field(text, 'response_address') ?? '',
  }
}

/** The value of a field of a message. */
function field(text: string, name: string): string | undefined {
  return new RegExp(`^ +${name}: "?([^"\\n]+)"?$`, 'm').exec(text)?.[1]
}

/** The lines of a section of a message. */
function section(text: string, name: string): string[] {
  const lines = new RegExp(`^ +${name}:\\n((?: +- .*(?:\\n|$))*)`, 'm').exec(text)?.[1] ?? ''
  return [...lines.matchAll(/^ +- '(.*)'$/gm)].map(([, line]) => line ?? '')
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
