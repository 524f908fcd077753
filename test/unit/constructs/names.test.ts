import { describe, expect, test } from 'vitest'
import {
  domainProblem,
  imageProblem,
  labelProblems,
  portNameProblem,
  rfc1035Problem,
  rfc1123Problem,
  statefulSetNameProblem,
} from '../../../constructs/names.js'

describe('what each rule allows and refuses at its edges', () => {
  test.each([
    ['rfc1123', rfc1123Problem, ['a', '0', 'a-b', 'a--b', '0a', 'x'.repeat(63)]],
    ['rfc1035', rfc1035Problem, ['a', 'a-0', 'x'.repeat(63)]],
    ['StatefulSet', statefulSetNameProblem, ['redis', '0', 'x'.repeat(52)]],
    ['port', portNameProblem, ['http', 'a', '0a', 'x'.repeat(15)]],
    ['domain', domainProblem, ['cluster.local', 'local', 'a.b.c', '0.a']],
    ['image', imageProblem, ['redis', 'redis:8.0', 'registry.example:5000/team/redis@sha256:0f']],
  ] as const)('%s allows', (_, problem, values) => {
    for (const value of values) expect(problem(value), value).toBeUndefined()
  })

  test.each([
    ['rfc1123', rfc1123Problem, ['', 'A', 'a.b', 'a_b', '-a', 'a-', 'ä', 'a b', 'a\n', 'x'.repeat(64)]],
    ['rfc1035', rfc1035Problem, ['', '0a', 'a.b', 'a-', 'x'.repeat(64)]],
    ['StatefulSet', statefulSetNameProblem, ['', 'a.b', 'x'.repeat(53)]],
    ['port', portNameProblem, ['', '80', 'a--b', '-a', 'HTTP', 'a_b', 'x'.repeat(16)]],
    ['image', imageProblem, ['', ' ', 'redis ', '\tredis', 'a b']],
    ['domain', domainProblem, ['', 'cluster.local.', '.local', 'a..b', 'Cluster.local', 'a_b.c']],
  ] as const)('%s refuses', (_, problem, values) => {
    for (const value of values) expect(problem(value), JSON.stringify(value)).toBeTypeOf('string')
  })
})

test('an image that is not given is no image of the name "undefined"', () => {
  expect(imageProblem(undefined)).toMatch(/^is missing/)
})

test('the message tells the length that was found and the one that is allowed', () => {
  expect(portNameProblem('postgres-primary')).toBe(
    '"postgres-primary" has 16 characters, at most 15 are allowed',
  )
})

test('of labels both sides are looked at, and it is said which labels they are', () => {
  expect(labelProblems('labels', { app: 'redis', 'example.org/Tier': '', a: '1_2.3' })).toEqual([])
  expect(labelProblems('labels')).toEqual([])
  expect(labelProblems('selector', { '-a': 'b', a: 'b c' })).toEqual([
    expect.stringContaining('selector: "-a" is no name'),
    expect.stringContaining('selector: "b c" is not empty'),
  ])
})
