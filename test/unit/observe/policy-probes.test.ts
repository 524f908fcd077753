import { describe, expect, test } from 'vitest'
import { keyOf } from '../../../lab/observe/model/declared.js'
import { QUIET_PORT, inTurn, policyProbes, sourcePods } from '../../../lab/observe/model/policy-probes.js'
import type { NetworkPolicy } from '../../../lab/observe/model/policies.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import { podOf, policyOf } from '../checks/network-world.js'

const db = [0, 1].map((n) =>
  podOf(`data/db-${String(n)}`, { ip: `10.0.0.${String(n)}`, labels: { app: 'db' }, ports: [5432, 8008] }),
)
const tool = podOf('default/tool', { ip: '10.0.1.1', labels: { app: 'tool' }, image: 'tool' })
const web = podOf('default/web', { ip: '10.0.1.2', labels: { app: 'web' } })
const far = podOf('moon/tool', { ip: '10.0.2.1', image: 'tool', ready: false })
const host = podOf('default/host', { ip: '172.18.0.3', hostNetwork: true, image: 'tool' })
const pods = [...db, tool, web, far, host]
const sources = [tool, far, ...db, web]

const policy = policyOf('data/db', {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [
    {
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
          podSelector: { matchLabels: { app: 'tool' } },
        },
      ],
      ports: [{ port: 5432 }],
    },
    { from: [{ podSelector: {} }], ports: [{ port: 8008 }] },
  ],
})

function plan(of: NetworkPolicy, all: readonly Pod[] = pods, from: readonly Pod[] = sources): string[] {
  const world = { policies: [of], namespaces: new Map<string, Record<string, string>>() }
  return policyProbes(of, all, from, world).map(
    (each) => `${keyOf(each.from)} ${keyOf(each.to)} ${String(each.port)}`,
  )
}

describe('where connections are tried from', () => {
  test('the probes, then pods of their image, then, where they are ours, all others; never the host', () => {
    expect(sourcePods(pods, ['default/tool'], true).map(keyOf)).toEqual([
      ...['default/tool', 'moon/tool', 'data/db-0', 'data/db-1', 'default/web'],
    ])
    expect(sourcePods(pods, ['default/tool'], false).map(keyOf)).toEqual(['default/tool', 'moon/tool'])
  })
})

describe('what is tried', () => {
  test('each port by one who is let in, and by a neighbour who is not, for it lacks the label', () => {
    expect(plan(policy)).toEqual([
      'default/tool data/db-0 5432',
      'default/web data/db-0 5432',
      'data/db-1 data/db-0 8008',
      'default/tool data/db-0 8008',
      // A port that it does not list, by the first who is let in.
      `default/tool data/db-0 ${String(QUIET_PORT)}`,
    ])
  })

  test('by another one, where no neighbour is refused', () => {
    expect(plan(policy, pods, [tool, far])).toContain('moon/tool data/db-0 5432')
  })

  test('by each of the probes in its turn', () => {
    const turn = (n: number): string[] => inTurn(sources, 2, n).map(keyOf)
    expect(turn(0)).toEqual(sources.map(keyOf))
    expect(turn(3)).toEqual(['moon/tool', 'default/tool', 'data/db-0', 'data/db-1', 'default/web'])
    expect(inTurn([], 2, 1)).toEqual([])
  })

  test('a policy that lets nobody in: one port', () => {
    expect(plan(policyOf('data/db', { podSelector: {} }))).toEqual(['default/tool data/db-0 5432'])
  })

  test('never the best source itself, while there is another pod', () => {
    const own = policyOf('default/all', { podSelector: {} })
    expect(plan(own, [tool, web])).toEqual([`default/tool default/web ${String(QUIET_PORT)}`])
  })

  test('nothing where no pod is Ready, or none is selected', () => {
    expect(plan(policy, [tool])).toEqual([])
    expect(
      plan(policy, [podOf('data/db-0', { ip: '10.0.0.1', labels: { app: 'db' }, ready: false })]),
    ).toEqual([])
  })
})
