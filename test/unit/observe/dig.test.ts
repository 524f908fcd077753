import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digCommand, digProblem, parseDig } from '../../../lab/observe/dig.js'
import { askA, askShort, askSrv, inOneDatagram, overTcp } from '../../../lab/observe/model/questions.js'

const recorded = (name: string): string =>
  readFileSync(new URL(`../../fixtures/observations/${name}`, import.meta.url), 'utf8')

const SERVICE = 'redis-headless.default.svc.cluster.local'
const questions = [
  askA(SERVICE),
  askA(`redis-3.${SERVICE}`),
  askSrv(`_redis._tcp.${SERVICE}`),
  askShort('redis-headless'),
  askShort('redis-0.redis-headless'),
  askShort('nope'),
]

describe('digCommand', () => {
  test('asks everything in one command, each question with its place as query id', () => {
    const asked = [...questions.slice(2, 4), overTcp(askA(SERVICE)), inOneDatagram(askA(SERVICE))]
    const [sh, option, script, zero, control, tcp, ...udp] = digCommand(asked, 'cluster.local')
    expect([sh, option, zero]).toEqual(['sh', '-c', 'sh'])
    expect(script).not.toContain('redis')
    expect(control).toBe('kubernetes.default.svc.cluster.local.')
    expect(tcp).toBe(`${SERVICE}. A +qid=3`)
    expect(udp).toEqual([
      ...[`_redis._tcp.${SERVICE}.`, 'SRV', '+qid=1'],
      ...['redis-headless', 'A', '+qid=2'],
      ...[`${SERVICE}.`, 'A', '+qid=4', '+noedns', '+notcp', '+ignore'],
    ])
  })

  test.each(['a b', '$(id)', '*', '-f', '@1.2.3.4', '+tcp', `${'a'.repeat(64)}.b`])(
    'takes no name like %s',
    (name) => {
      expect(() => digCommand([askA(name)], 'cluster.local')).toThrow('cannot be asked for')
    },
  )
})

describe('the script of digCommand', () => {
  /** Runs it with a dig that notes how it was called, and ends as it is told by what it is asked. */
  const run = (dig: string): { exitCode: number; calls: string[]; stderr: string; stdout: string } => {
    const folder = mkdtempSync(join(tmpdir(), 'dig-'))
    try {
      const log = join(folder, 'calls')
      if (dig !== '')
        writeFileSync(join(folder, 'dig'), `#!/bin/sh\necho "$*" >> ${log}\n${dig}\n`, { mode: 0o755 })
      // A dig that ends needs nobody to end it.
      writeFileSync(join(folder, 'timeout'), '#!/bin/sh\nshift\nexec "$@"\n', { mode: 0o755 })
      const [, ...args] = digCommand([askA('udp.example'), overTcp(askA('tcp.example'))], 'cluster.local')
      const { status, stdout, stderr } = spawnSync('/bin/sh', args, {
        encoding: 'utf8',
        env: { PATH: folder },
      })
      const calls = dig === '' ? [] : readFileSync(log, 'utf8').trim().split('\n')
      return { exitCode: status ?? -1, calls, stdout, stderr }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const asksOf = ({ calls }: { calls: string[] }): string[] =>
    calls.flatMap((call) => /(udp|tcp)\.example/.exec(call)?.[1] ?? [])

  test('asks over UDP, then over TCP', () => {
    const ran = run('exit 0')
    expect(ran.exitCode).toBe(0)
    expect(asksOf(ran)).toEqual(['udp', 'tcp'])
    expect(ran.calls[1]).toBe(
      '-r +yaml +noauthority +noadditional +search +tries=2 +time=1 udp.example. A +qid=1',
    )
    expect(ran.calls[3]).toContain('+tcp +keepopen +tries=1 +time=1 tcp.example. A +qid=2')
  })

  test('asks nothing more over a transport on which nothing answers', () => {
    const noTcp = run('case "$*" in *+tcp*) exit 9;; esac')
    expect(asksOf(noTcp)).toEqual(['udp'])
    expect(digProblem(noTcp)).toBeUndefined()
    const noUdp = run('case "$*" in *+tcp*) ;; *) exit 9;; esac')
    expect(asksOf(noUdp)).toEqual(['tcp'])
    const none = run('exit 9')
    expect(asksOf(none)).toEqual([])
    expect(digProblem(none)).toBeUndefined()
  })

  test('says that there is no dig, or that it is too old', () => {
    expect(digProblem(run(''))).toBe('the image of the probe pod has no dig (9.18 or newer is needed)')
    const old = run(`
      case "$*" in
        -v) echo 'DiG 9.16.1-Ubuntu' >&2 ;;
        *+qid*) echo 'Invalid option: +qid=1' >&2; exit 1 ;;
      esac`)
    expect(digProblem(old)).toBe(
      'dig in the probe pod is too old for +yaml and +qid: DiG 9.16.1-Ubuntu (9.18 or newer is needed)',
    )
    expect(digProblem(run('case "$*" in *+qid*) echo oops >&2; exit 10;; esac'))).toBe(
      'dig ended with exit code 10: oops',
    )
  })
})

describe('parseDig, on what dig 9.20 prints', () => {
  const answers = parseDig(recorded('dig.txt'), questions)

  test('gives addresses with their TTL, and the server', () => {
    expect(answers[0]).toEqual({
      question: questions[0],
      status: 'NOERROR',
      server: '172.19.0.2',
      records: [
        { name: SERVICE, ttl: 30, type: 'A', data: '192.168.202.195' },
        { name: SERVICE, ttl: 30, type: 'A', data: '192.168.156.4' },
        { name: SERVICE, ttl: 30, type: 'A', data: '192.168.145.10' },
      ],
    })
  })

  test('gives a response code where there are no records', () => {
    expect(answers[1]).toMatchObject({ status: 'NXDOMAIN', records: [] })
    expect(answers[5]).toMatchObject({ status: 'REFUSED', records: [] })
  })

  test('gives SRV records without the last dot of the target', () => {
    expect(answers[2]?.records.map(({ data }) => data)).toEqual([
      `0 33 6379 redis-0.${SERVICE}`,
      `0 33 6379 redis-1.${SERVICE}`,
    ])
  })

  test('finds the answer to a short name by its id, though its name is that of another question', () => {
    expect(answers[3]?.question).toBe(questions[3])
    expect(answers[3]?.records).toHaveLength(3)
    expect(answers[4]?.records).toEqual([
      { name: `redis-0.${SERVICE}`, ttl: 30, type: 'A', data: '192.168.202.195' },
    ])
  })

  test('a question without a response is timed out, and costs no other its answer', () => {
    expect(parseDig(recorded('dig-timeout.txt'), questions.slice(0, 2))).toEqual([
      { question: questions[0], status: 'TIMEOUT', records: [], server: '' },
      { question: questions[1], status: 'TIMEOUT', records: [], server: '' },
    ])
    const mixed = recorded('dig-timeout.txt') + recorded('dig.txt')
    expect(parseDig(mixed, questions)).toEqual(answers)
    expect(parseDig('', questions.slice(0, 1))).toMatchObject([{ status: 'TIMEOUT' }])
  })

  test('what is cut off in the middle loses only what is cut off', () => {
    const text = recorded('dig.txt')
    const cut = text.slice(0, text.indexOf('id: 3'))
    expect(parseDig(cut, questions).map(({ status }) => status)).toEqual([
      ...['NOERROR', 'NXDOMAIN'],
      ...['TIMEOUT', 'TIMEOUT', 'TIMEOUT', 'TIMEOUT'],
    ])
  })
})

describe('parseDig, on long answers of dig 9.20 (most of their records are left out here)', () => {
  const MANY = 'many.fixtures.svc.cluster.local'
  const many = [
    askA(MANY),
    askShort('many.fixtures'),
    askSrv(`_db._tcp.${MANY}`),
    askA('kubernetes.default.svc.cluster.local'),
  ]
  const text = recorded('dig-many.txt')

  test('reads those that came over TCP', () => {
    const answers = parseDig(text, many)
    expect(text).toContain('socket_protocol: TCP')
    expect(answers.map(({ status, records }) => [status, records.length])).toEqual([
      ['NOERROR', 3],
      ['NOERROR', 3],
      ['NOERROR', 3],
      ['NOERROR', 1],
    ])
    expect(answers[2]?.records[0]?.data).toBe('0 1 15432 198-18-0-1.many.fixtures.svc.cluster.local')
  })

  test('a response that lost its header goes to the next question that fits, the others keep their own', () => {
    const headerless = text.replace(/ +opcode: QUERY\n +status: NOERROR\n +id: 2\n/, '')
    expect(headerless).not.toBe(text)
    expect(parseDig(headerless, many)).toEqual(parseDig(text, many))
    const [, second = '', third = ''] = headerless.split(/^(?=- )/m)
    const [a, short, srv] = parseDig(second + third, many)
    // Without the first message it cannot be told from it; that one is the question that comes first.
    expect([a?.status, short?.status, srv?.status]).toEqual(['NOERROR', 'TIMEOUT', 'NOERROR'])
  })

  test('says that a response was cut off', () => {
    const cut = text.split(/^(?=- )/m)[0]?.replace(/flags: .*/, 'flags: qr aa tc rd') ?? ''
    expect(parseDig(cut, many.slice(0, 1))).toMatchObject([{ status: 'NOERROR', truncated: true }])
    expect(parseDig(text, many).filter(({ truncated }) => truncated)).toEqual([])
  })

  test('one without its header that came over TCP goes to the question that was asked over TCP', () => {
    const [first = ''] = text.split(/^(?=- )/m)
    const headerless = first.replace(/ +opcode: QUERY\n +status: NOERROR\n +id: \d+\n/, '')
    expect(headerless).not.toBe(first)
    const asked = [askA(MANY), overTcp(askA(MANY))]
    const statuses = (output: string): string[] => parseDig(output, asked).map(({ status }) => status)
    expect(statuses(`${headerless}\n@@ tcp\n`)).toEqual(['NOERROR', 'TIMEOUT'])
    expect(statuses(`\n@@ tcp\n${headerless}`)).toEqual(['TIMEOUT', 'NOERROR'])
  })

  test('a response to what was not asked is nobody’s', () => {
    const lost = text.split(/^(?=- )/m)[2] ?? ''
    expect(parseDig(lost, [askA('other.example')])).toMatchObject([{ status: 'TIMEOUT' }])
  })
})
