import { Chart, Testing } from 'cdk8s'
import { expect, test } from 'vitest'
import { ExternalService } from '../../../constructs/services/external-service.js'
import { externalChecks } from '../../../lab/checks/external.js'
import type { EndpointSlice } from '../../../lab/observe/model/declared.js'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { ExternalAnswer } from '../../../lab/observe/model/external.js'
import type { LabFacts } from '../../../lab/observe/model/lab.js'
import type { Part } from '../../../lab/observe/model/observations.js'
import { notPassing, part, podOf, resultsOf, synthesized, world } from './packed.js'
import { broken } from './recorded.js'
import type { Mutable } from './recorded.js'

interface Seen {
  readonly addresses?: readonly string[]
  readonly first?: Part<readonly ExternalAnswer[]>
  readonly second?: Part<readonly ExternalAnswer[]>
  readonly change?: (slice: Mutable<EndpointSlice>) => void
  readonly podIp?: string
  readonly podCIDRs?: readonly string[]
  readonly lab?: Partial<LabFacts>
}

const ADDRESS = '172.18.0.9'
const answer = (address: string, answered = true): Part<readonly ExternalAnswer[]> =>
  part([{ address, port: 5432, answered }])

function seenAs({ addresses = [ADDRESS], ...seen }: Seen): Parameters<typeof notPassing>[1] {
  const chart = new Chart(Testing.app(), 'default', { namespace: 'default', disableResourceNameHashes: true })
  new ExternalService(chart, 'db', { name: 'db', addresses, ports: [{ name: 'postgresql', port: 5432 }] })
  const declared = synthesized(chart)
  const slices = structuredClone(readDeclared(declared).endpointSlices) as Mutable<EndpointSlice>[]
  slices.forEach((slice) => seen.change?.(slice))
  const { first = answer(ADDRESS), second = answer(ADDRESS), podIp = '10.244.0.9' } = seen
  return world(
    declared,
    {
      external: { 'default/db': part({ n1: first, n2: second }) },
      api: {
        endpointSlices: part(slices),
        services: part(readDeclared(declared).services),
        pods: part([podOf('web', 'web', { ip: podIp })]),
        nodes: part([{ spec: { podCIDRs: seen.podCIDRs ?? ['10.244.0.0/24'] } }]),
      },
    },
    seen.lab,
  )
}

const judged = (seen: Seen): string[] => notPassing(externalChecks, seenAs(seen))

test('a server outside of the cluster that answers on every node', () => {
  expect(judged({})).toEqual([])
})

const REACHABLE = 'external.reachable db'
const OUTSIDE = 'external.address.outside db'

test.each<[string, Seen, string[]]>([
  ['silent from one node', { second: answer(ADDRESS, false) }, [`${REACHABLE}: fail`]],
  ['another address answers', { first: answer('172.18.0.8') }, [`${REACHABLE}: fail`]],
  ['the name has no address', { first: part([]), second: part([]) }, [`${REACHABLE}: fail`]],
  ['one node could not be asked', { first: broken('no probe') }, [`${REACHABLE}: inconclusive`]],
  [
    'one node could not be asked, the other is not answered',
    { first: broken('no probe'), second: answer(ADDRESS, false) },
    [`${REACHABLE}: fail`],
  ],
  [
    "an address in a node's range of pods",
    { podCIDRs: ['10.244.0.0/24', '172.18.0.0/24'] },
    [`${OUTSIDE}: fail`],
  ],
  [
    "an address in the lab's pool",
    { lab: { topology: { pools: [{ cidr: '172.16.0.0/12' }] } } as unknown as Partial<LabFacts> },
    [`${OUTSIDE}: fail`],
  ],
  ['an address that a pod has', { podIp: ADDRESS, podCIDRs: [] }, [`${OUTSIDE}: fail`]],
])('%s: found', (_, seen, expected) => {
  expect(judged(seen)).toEqual(expected)
})

test('an endpoint that is a pod, or on a node, is found', () => {
  const bound = (more: object): string[] =>
    judged({ change: ({ endpoints }) => endpoints.forEach((endpoint) => Object.assign(endpoint, more)) })
  expect(bound({ targetRef: { kind: 'Pod', name: 'db-0' } })).toEqual(['external.endpoints.no-pod db: fail'])
  expect(bound({ nodeName: 'n1' })).toEqual(['external.endpoints.no-pod db: fail'])
})

test('slices that are gone from the cluster prove no absence', () => {
  expect(judged({ change: (slice) => (slice.endpoints = []) })).toEqual([
    `${OUTSIDE}: inconclusive`,
    'external.endpoints.no-pod db: inconclusive',
  ])
})

test('addresses for documentation and benchmarks are not asked: nobody is there', () => {
  const reserved = judged({ addresses: ['198.18.0.1', '198.19.255.254', '192.0.2.7'] })
  expect(reserved).toEqual([`${REACHABLE}: skipped`])
  expect(judged({ addresses: ['198.18.0.1', ADDRESS] })).toEqual([`${REACHABLE}: fail`])
})

test('a service with a virtual IP answers there', () => {
  const seen = seenAs({ first: answer('10.96.0.7'), second: answer('10.96.0.7') })
  const services = [
    ...seen.declared.services,
    ...(seen.observations.api.services as unknown as { value: [] }).value,
  ]
  for (const { spec } of services) (spec as { clusterIP: string }).clusterIP = '10.96.0.7'
  expect(notPassing(externalChecks, seen)).toEqual([])
})

test('a service without slices, or with a selector, leads nowhere that is outside', () => {
  expect(resultsOf(externalChecks, seenAs({ addresses: [] }))).toEqual([])
})
