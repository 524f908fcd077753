import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { digCommand, digEnded, parseDig } from '../../../lab/observe/dig.js'
import { askA, askShort, askSrv } from '../../../lab/observe/model/questions.js'

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
  test('asks everything in one run, each question with its place as query id', () => {
    const [sh, option, script, zero, first, ...args] = digCommand(questions.slice(2, 4), 'cluster.local')
    expect([sh, option, zero]).toEqual(['sh', '-c', 'sh'])
    expect(script).not.toContain('redis')
    expect(first).toBe('kubernetes.default.svc.cluster.local.')
    expect(args).toEqual([
      ...['-r', '+yaml', '+search', '+noauthority', '+noadditional', '+tries=2', '+time=1'],
      ...[`_redis._tcp.${SERVICE}.`, 'SRV', '+qid=1'],
      ...['redis-headless', 'A', '+qid=2'],
    ])
  })

  test('an answer missing to some questions is no failure of dig, a missing dig is', () => {
    expect([0, 9, 127, 10].map(digEnded)).toEqual([true, true, false, false])
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

  test('a response to what was not asked is nobody’s', () => {
    const lost = text.split(/^(?=- )/m)[2] ?? ''
    expect(parseDig(lost, [askA('other.example')])).toMatchObject([{ status: 'TIMEOUT' }])
  })
})
