import type { ExecResult } from './exec.js'
import type { DnsAnswer, DnsQuestion, DnsRecord } from './model/observations.js'
import { isAskable } from './model/service-names.js'

/** What dig ends with when no server answered. */
const NO_ANSWER = 9

/** A line between what came by the two: the answer to a question over TCP may look like that to one over UDP. */
const TCP_BEGINS = '@@ tcp'

/**
 * Seconds, more than anybody waits: where the connection of the exec is lost, dig stands before a full pipe for ever,
 * in a pod of somebody else.
 */
const LEFT_BEHIND = 30

/** Of both transports: no settings of the user's own, and only the answers, as YAML. */
const OUTPUT = '-r +yaml +noauthority +noadditional'

/**
 * One dig asks everything that goes over UDP, another what goes over TCP. Each is tried with one question first:
 * where the DNS server is away, or a policy lets only UDP through, that is known after it, not after every question.
 *
 * Arguments: the name to try, the questions over TCP as one text (words for dig, none with a meaning to the shell),
 * then those over UDP. What dig is, where it cannot do this, is said last.
 */
const SCRIPT = `
set -f
control=$1 tcp=$2
shift 2
tried() { dig -r +tries=2 +time=1 "$@" A > /dev/null 2>&1; [ $? -ne ${NO_ANSWER} ]; }
ended() { [ "$1" -eq 0 ] || [ "$1" -eq ${NO_ANSWER} ] || { dig -v >&2; exit "$1"; }; }
if tried "$control"; then
  timeout ${LEFT_BEHIND} dig ${OUTPUT} +search +tries=2 +time=1 "$@"
  ended $?
fi
echo
echo '${TCP_BEGINS}'
if [ -n "$tcp" ] && tried "$control" +tcp +tries=1; then
  timeout ${LEFT_BEHIND} dig ${OUTPUT} +tcp +keepopen +tries=1 +time=1 $tcp
  ended $?
fi
`

/**
 * The command that asks all questions. Each question has its place in the list as its query id, which comes back in
 * the response: so answers find their question also where one is missing, or where two questions become the same
 * name.
 *
 * It needs dig 9.18 or newer (`+yaml`, `+qid`).
 */
export function digCommand(questions: readonly DnsQuestion[], clusterDomain: string): string[] {
  const asked = questions.map((question, index) => ({ question, words: wordsOf(question, index) }))
  const over = (tcp: boolean): string[] =>
    asked.flatMap(({ question, words }) => ((question.by === 'tcp') === tcp ? words : []))
  return [
    'sh',
    '-c',
    SCRIPT,
    'sh',
    `kubernetes.default.svc.${clusterDomain}.`,
    over(true).join(' '),
    ...over(false),
  ]
}

/** What dig is told for one question: +search holds for all of them, so a last dot keeps a name from being completed. */
function wordsOf({ name, type, search, by }: DnsQuestion, index: number): string[] {
  if (!isAskable(name)) throw new Error(`${name} cannot be asked for`)
  return [
    search ? name : `${name}.`,
    type,
    `+qid=${idOf(index)}`,
    ...(by === 'udp-512' ? ['+noedns', '+notcp', '+ignore'] : []),
  ]
}

/** What is wrong with the dig of a probe pod, as one line; `undefined` when nothing is. */
export function digProblem({ exitCode, stdout, stderr }: ExecResult): string | undefined {
  // A DNS server that does not answer is an observation: its questions are timed out. No dig is none.
  if (exitCode === 0 || exitCode === NO_ANSWER) return undefined
  const version = /^DiG \S+/m.exec(stderr)?.[0]
  if (version === undefined && (exitCode === 127 || exitCode === 126))
    return `the image of the probe pod has no dig (${NEEDED})`
  if (/invalid option/i.test(stderr))
    return `dig in the probe pod is too old for +yaml and +qid: ${version ?? 'of no known version'} (${NEEDED})`
  return `dig ended with exit code ${exitCode}: ${stderr.trim() || stdout.trim()}`
}

const NEEDED = '9.18 or newer is needed'

/** The answers in what dig printed. A question without a response has the status `TIMEOUT`. */
export function parseDig(output: string, questions: readonly DnsQuestion[]): DnsAnswer[] {
  const responses = new Map<number, Response>()
  for (const [over, part] of output.split(`\n${TCP_BEGINS}\n`).entries()) {
    const asked = (index: number): boolean => (questions[index]?.by === 'tcp') === over > 0
    let next = 0
    for (const response of messages(part)) {
      const { id } = response
      const index = id === undefined ? placeOf(response, questions, asked, next) : id - idOf(0)
      responses.set(index, response)
      next = index + 1
    }
  }
  return questions.map((question, index) => {
    const response = responses.get(index)
    if (response === undefined) return { question, status: 'TIMEOUT', records: [], server: '' }
    const { status, records, server, truncated } = response
    return { question, status, records, server, ...(truncated ? { truncated } : {}) }
  })
}

/** The place of the question of a response without an id: the next one asked, since dig asks in order, that fits. */
function placeOf(
  response: Response,
  questions: readonly DnsQuestion[],
  asked: (index: number) => boolean,
  next: number,
): number {
  const found = questions.findIndex(({ name, type, search }, index) => {
    if (index < next || !asked(index) || !response.asked.endsWith(` ${type}`)) return false
    return response.asked.startsWith(search ? `${name}.` : `${name}. `)
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
  readonly truncated: boolean
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
    truncated: field(text, 'flags')?.split(' ').includes('tc') ?? false,
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
