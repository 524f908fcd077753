import { Chart, Testing } from 'cdk8s'
import { expect, test } from 'vitest'
import { GrpcClient } from '../../../constructs/workloads/grpc-client.js'
import { GrpcBackend } from '../../../constructs/workloads/grpc.js'
import { grpcChecks } from '../../../lab/checks/grpc.js'
import type { GrpcAnswers } from '../../../lab/observe/model/grpc.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import { notPassing, part, podOf, resultsOf, synthesized, world } from './packed.js'
import { broken } from './recorded.js'

const chart = new Chart(Testing.app(), 'default', { namespace: 'default', disableResourceNameHashes: true })
new GrpcBackend(chart, 'backend', { image: 'grpc:1' })
new GrpcClient(chart, 'client', { image: 'grpc:1' })
const declared = synthesized(chart)

const HEADLESS = 'grpc-backend.default.svc.cluster.local:50051'
const VIP = 'grpc-backend-clusterip.default.svc.cluster.local:50051'
const SPREAD = 'grpc.headless.spread grpc-backend'
const PINNED = 'grpc.clusterip.pinned grpc-backend-clusterip'

/** Calls that were answered by these pods: of each name, how many. */
interface Calls {
  readonly spread?: Readonly<Record<string, number>> | Part<GrpcAnswers>
  readonly pinned?: Readonly<Record<string, number>> | Part<GrpcAnswers>
  readonly ready?: readonly string[]
}

function judged({
  spread = { a: 10, b: 10, c: 10 },
  pinned = { b: 30 },
  ready = ['a', 'b', 'c'],
}: Calls): string[] {
  const answers = (of: NonNullable<Calls['spread']>): Part<GrpcAnswers> =>
    'source' in of ? (of as Part<GrpcAnswers>) : part({ calls: 30, answers: of })
  const pods = ['a', 'b', 'c'].map((name) => podOf('grpc-backend', name, { ready: ready.includes(name) }))
  const grpc = { 'default/grpc-client': part({ [HEADLESS]: answers(spread), [VIP]: answers(pinned) }) }
  return notPassing(grpcChecks, world(declared, { grpc, api: { pods: part(pods) } }))
}

test('calls spread over all ready pods by the headless name, and stay with one by the virtual IP', () => {
  expect(judged({})).toEqual([])
  // A connection that is replaced takes its turns with it.
  expect(judged({ spread: { a: 16, b: 4, c: 10 } })).toEqual([])
})

test.each<[string, Calls, string[]]>([
  ['a ready pod that got no call', { spread: { a: 15, b: 15 } }, [`${SPREAD}: fail`]],
  ['an answer of somebody else', { spread: { a: 8, b: 8, c: 7, d: 7 } }, [`${SPREAD}: fail`]],
  ['a pod that answers though it is not ready', { ready: ['a', 'b'] }, [`${SPREAD}: fail`]],
  ['calls without an answer', { spread: { a: 9, b: 9, c: 9 } }, [`${SPREAD}: fail`]],
  ['calls that spread by the virtual IP', { pinned: { a: 15, b: 15 } }, [`${PINNED}: fail`]],
  ['a virtual IP that leads to a pod that is not ready', { pinned: { d: 30 } }, [`${PINNED}: fail`]],
  ['a virtual IP that nobody answers at', { pinned: {} }, [`${PINNED}: fail`]],
])('%s: found', (_, calls, expected) => {
  expect(judged(calls)).toEqual(expected)
})

test('an error of the client is what was observed', () => {
  const failed = part({ calls: 30, answers: {}, error: 'no connection in 10 seconds' })
  expect(judged({ pinned: failed })).toEqual([`${PINNED}: fail`])
})

test('a client whose calls never spread proves nothing of the virtual IP', () => {
  expect(judged({ spread: { a: 30 } })).toEqual([`${SPREAD}: fail`, `${PINNED}: inconclusive`])
  expect(judged({ spread: broken('no pod of default/grpc-client is ready') })).toEqual([
    `${SPREAD}: inconclusive`,
    `${PINNED}: inconclusive`,
  ])
})

test('with one ready pod calls cannot spread; with none there is nothing to say', () => {
  expect(judged({ spread: { b: 30 }, ready: ['b'] })).toEqual([`${PINNED}: skipped`])
  expect(judged({ ready: [] })).toEqual([`${SPREAD}: skipped`, `${PINNED}: skipped`])
})

test('where no client is declared nothing is claimed', () => {
  const servers = declared.filter(({ metadata }) => metadata?.name !== 'grpc-client')
  expect(resultsOf(grpcChecks, world(servers, { grpc: {} }))).toEqual([])
})
