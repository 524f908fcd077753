import { describe, expect, test } from 'vitest'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import { coreDnsKilled } from '../../../lab/scenarios/acts/coredns-killed.js'
import { failovers } from '../../../lab/scenarios/acts/failover.js'
import { nodePaused } from '../../../lab/scenarios/acts/node-paused.js'
import { notReady } from '../../../lab/scenarios/acts/not-ready.js'
import { podDeleted } from '../../../lab/scenarios/acts/pod-deleted.js'
import { scaled } from '../../../lab/scenarios/acts/scaled.js'
import type { Ground, Prepared, Scenario } from '../../../lab/scenarios/scenario.js'
import { healthy, recording } from '../checks/recorded.js'
import { fakeCluster, pod, stageOver, type FakeCluster } from './fake-stage.js'

const { lab, declared } = recording(healthy())
const ground: Ground = { lab, declared: readDeclared(declared), ownNodes: true }

function prepared(scenario: Scenario): Prepared {
  const item = scenario.prepare(ground)
  if ('notHere' in item) throw new Error(item.notHere)
  return item
}

const run = (scenario: Scenario, cluster: FakeCluster): ReturnType<Prepared['run']> =>
  prepared(scenario).run(stageOver(cluster))

describe('a cluster on which it does not apply', () => {
  const empty: Ground = { lab, declared: readDeclared([]), ownNodes: false }
  test.each([podDeleted, scaled, notReady, coreDnsKilled, ...failovers, nodePaused])(
    '$name says why',
    (scenario) => {
      expect(scenario.prepare(empty)).toHaveProperty('notHere')
    },
  )
})

describe('pod-deleted', () => {
  const gone = (cluster: FakeCluster): boolean => cluster.done.includes('delete redis-2')

  test('passes when the name means the new address alone, and tells how long it meant the old one', async () => {
    const cluster: FakeCluster = fakeCluster(
      () => [
        gone(cluster) && cluster.now >= 5000
          ? pod('redis-2', '10.0.0.9', { uid: 'new' })
          : pod('redis-2', '10.0.0.2', { uid: 'old', ready: !gone(cluster) }),
      ],
      () => (gone(cluster) && cluster.now >= 8000 ? ['10.0.0.9'] : ['10.0.0.2']),
    )
    expect(await run(podDeleted, cluster)).toMatchObject({
      verdict: 'pass',
      observed: { before: '10.0.0.2', after: '10.0.0.9', 'new address after': '8.0 s' },
    })
  })

  test('fails when it took too long', async () => {
    const cluster: FakeCluster = fakeCluster(
      () => [
        gone(cluster) && cluster.now >= 60_000
          ? pod('redis-2', '10.0.0.9', { uid: 'new' })
          : pod('redis-2', '10.0.0.2', { uid: 'old', ready: !gone(cluster) }),
      ],
      () => (gone(cluster) && cluster.now >= 100_000 ? ['10.0.0.9'] : ['10.0.0.2']),
    )
    expect(await run(podDeleted, cluster)).toMatchObject({
      verdict: 'fail',
      observed: { 'new address after': '100.0 s' },
    })
  })

  test('fails when the name keeps the old address', async () => {
    const cluster: FakeCluster = fakeCluster(
      () => [
        gone(cluster)
          ? pod('redis-2', '10.0.0.9', { uid: 'new' })
          : pod('redis-2', '10.0.0.2', { uid: 'old' }),
      ],
      () => (gone(cluster) ? ['10.0.0.2', '10.0.0.9'] : ['10.0.0.2']),
    )
    expect(await run(podDeleted, cluster)).toMatchObject({
      verdict: 'fail',
      observed: { 'new address after': 'never' },
    })
  })
})

test('pod-deleted deletes nothing when the name does not mean the pod to begin with', async () => {
  const cluster = fakeCluster(
    () => [pod('redis-2', '10.0.0.2')],
    () => 'TIMEOUT',
  )
  await expect(run(podDeleted, cluster)).rejects.toThrow('does not mean its address')
  expect(cluster.done).toEqual([])
})

describe('scaled', () => {
  /** Pods come and go one a look, in an order that the test chooses. */
  function scaling(up: readonly string[], down: readonly string[]): FakeCluster {
    let there: string[] = []
    const cluster: FakeCluster = fakeCluster(
      () => {
        const grown = cluster.done.includes('scale redis 5')
        const shrunk = cluster.done.includes('scale redis 3')
        const next = up.find((name) => !there.includes(name))
        if (grown && !shrunk && next !== undefined) there.push(next)
        const gone = down.find((name) => there.includes(name))
        if (shrunk && gone !== undefined) there = there.filter((name) => name !== gone)
        return there.map((name) => pod(name, '10.0.0.9'))
      },
      (name) => (there.some((one) => name.startsWith(`${one}.`)) ? ['10.0.0.9'] : 'NXDOMAIN'),
    )
    return cluster
  }

  test('passes when pods come in the order of their ordinals and go in reverse', async () => {
    const cluster = scaling(['redis-3', 'redis-4'], ['redis-4', 'redis-3'])
    expect(await run(scaled, cluster)).toMatchObject({ verdict: 'pass' })
    expect(cluster.done).toContain('to undo: 3 replicas')
  })

  test('fails when the lower one goes first', async () => {
    const cluster = scaling(['redis-3', 'redis-4'], ['redis-3', 'redis-4'])
    expect(await run(scaled, cluster)).toMatchObject({
      verdict: 'fail',
      observed: { down: ['redis-3', 'redis-4'] },
    })
  })
})

describe('not-ready', () => {
  const frozen = (cluster: FakeCluster): boolean =>
    cluster.done.some((line) => line.includes('tasks pause')) &&
    !cluster.done.some((line) => line.includes('tasks resume'))

  test('passes when the frozen pod leaves the answers and returns', async () => {
    const cluster: FakeCluster = fakeCluster(
      () => [pod('nginx-1', '10.0.0.1')],
      () => (frozen(cluster) ? ['10.0.0.2'] : ['10.0.0.1', '10.0.0.2']),
    )
    expect(await run(notReady, cluster)).toMatchObject({ verdict: 'pass' })
    expect(cluster.done).toContain('exec node-1 ctr --namespace k8s.io tasks pause abc')
  })

  test('freezes nothing when the service does not lead to the pod to begin with', async () => {
    const cluster = fakeCluster(
      () => [pod('nginx-1', '10.0.0.1')],
      () => ['10.0.0.2'],
    )
    await expect(run(notReady, cluster)).rejects.toThrow('does not lead to 10.0.0.1 to begin with')
    expect(cluster.done).toEqual([])
  })

  test('fails when it stays in them', async () => {
    const cluster: FakeCluster = fakeCluster(
      () => [pod('nginx-1', '10.0.0.1')],
      () => ['10.0.0.1', '10.0.0.2'],
    )
    expect(await run(notReady, cluster)).toMatchObject({
      verdict: 'fail',
      observed: { 'gone after': 'never' },
    })
  })
})

test('a DNS server that does not answer does not say that a pod is gone', async () => {
  const cluster: FakeCluster = fakeCluster(
    () => [pod('nginx-1', '10.0.0.1')],
    () => (cluster.done.length > 1 && cluster.now < 5000 ? 'TIMEOUT' : ['10.0.0.1', '10.0.0.2']),
  )
  expect(await run(notReady, cluster)).toMatchObject({ verdict: 'fail', observed: { 'gone after': 'never' } })
})

describe('failovers', () => {
  const named = (name: string): Scenario => {
    const found = failovers.find((scenario) => scenario.name === name)
    if (found === undefined) throw new Error(name)
    return found
  }
  const killed = (cluster: FakeCluster, name: string): boolean => cluster.done.includes(`delete ${name}`)
  const wrong = (cluster: FakeCluster, lines: () => string[]): ReturnType<typeof stageOver> =>
    Object.assign(stageOver(cluster), { wrongIn: () => Promise.resolve(lines()) })

  /** Three pods, of which the killed one is back, as another one, after a while. */
  const three = (system: string, victim: string, label?: (name: string) => string): FakeCluster => {
    const cluster: FakeCluster = fakeCluster(
      () =>
        [0, 1, 2].map((ordinal) => {
          const name = `${system}-${ordinal}`
          const again = killed(cluster, victim) && name === victim
          const one = pod(name, '10.0.0.1', {
            uid: again ? 'new' : name,
            ready: !again || cluster.now > 4000,
          })
          return label === undefined
            ? one
            : { ...one, metadata: { ...one.metadata, labels: { role: label(name) } } }
        }),
      () => [],
    )
    return cluster
  }

  test('kills the first pod of Redis and of Kafka, and passes when all checks do', async () => {
    for (const system of ['redis', 'kafka']) {
      const cluster = three(system, `${system}-0`)
      expect(await run(named(`failover-${system}`), cluster)).toMatchObject({
        verdict: 'pass',
        observed: { killed: `${system}-0`, 'well within': '5.0 s' },
      })
    }
  })

  test('kills the primary of Postgres, whichever it is, and tells which one is it then', async () => {
    const cluster: FakeCluster = three('postgres', 'postgres-2', (name) =>
      name === (killed(cluster, 'postgres-2') ? 'postgres-1' : 'postgres-2') ? 'primary' : 'replica',
    )
    const stage = stageOver(cluster)
    expect(await prepared(named('failover-postgres')).run(stage)).toMatchObject({
      verdict: 'pass',
      observed: { killed: 'postgres-2' },
    })
    expect(stage.timeline.all().map(({ what }) => what)).toContain('it is postgres-1')
  })

  test('fails when a check never passes again, and names it', async () => {
    const cluster = three('redis', 'redis-0')
    const stage = wrong(cluster, () => (killed(cluster, 'redis-0') ? ['redis.roles redis: fail'] : []))
    expect(await prepared(named('failover-redis')).run(stage)).toMatchObject({
      verdict: 'fail',
      observed: { 'well within': 'never', wrong: ['redis.roles redis: fail'] },
    })
  })

  test('kills nothing that is not well to begin with', async () => {
    const cluster = three('redis', 'redis-0')
    const stage = wrong(cluster, () => ['redis.roles redis: fail'])
    await expect(prepared(named('failover-redis')).run(stage)).rejects.toThrow('not well to begin with')
    expect(cluster.done).toEqual([])
  })
})

describe('node-paused', () => {
  const node = lab.nodes.at(-1) ?? ''
  const still = (cluster: FakeCluster): boolean =>
    cluster.done.includes(`pause ${node}`) && !cluster.done.includes(`unpause ${node}`)
  const onNode = (): ReturnType<typeof pod>[] => {
    const one = pod('web-1', '10.0.0.1')
    return [{ ...one, spec: { ...one.spec, nodeName: node } } as typeof one]
  }

  test('passes when its pods leave the answers and all is well when it goes on', async () => {
    const cluster: FakeCluster = fakeCluster(onNode, () => {
      if (!still(cluster)) return ['10.0.0.1', '10.0.0.2']
      // The DNS server may stand on the node: no answer says nothing of its pods.
      return cluster.now < 5000 ? 'TIMEOUT' : ['10.0.0.2']
    })
    expect(await run(nodePaused, cluster)).toMatchObject({
      verdict: 'pass',
      observed: { 'gone after': '5.0 s', without: ['10.0.0.2'] },
    })
    expect(cluster.done).toEqual([`to undo: node ${node} runs`, `pause ${node}`, `unpause ${node}`])
  })

  test('pauses nothing when the service does not lead there to begin with', async () => {
    const cluster = fakeCluster(onNode, () => ['10.0.0.2'])
    await expect(run(nodePaused, cluster)).rejects.toThrow('does not lead to the pods on')
    expect(cluster.done).toEqual([])
  })

  test('fails when they stay in them', async () => {
    const cluster = fakeCluster(onNode, () => ['10.0.0.1', '10.0.0.2'])
    expect(await run(nodePaused, cluster)).toMatchObject({
      verdict: 'fail',
      observed: { 'gone after': 'never' },
    })
  })

  test('is inconclusive when none was on it', async () => {
    const cluster = fakeCluster(
      () => [],
      () => ['10.0.0.2'],
    )
    expect(await run(nodePaused, cluster)).toMatchObject({ verdict: 'inconclusive' })
  })
})

describe('coredns-killed', () => {
  const cluster = (): FakeCluster => {
    const it: FakeCluster = fakeCluster(
      () => [pod(it.done.length > 0 ? 'coredns-c' : 'coredns-a', '10.0.0.1'), pod('coredns-b', '10.0.0.2')],
      () => ['10.0.0.1'],
    )
    return it
  }
  const [first = ''] = lab.nodes
  const saying = (stdout: string, nodes: readonly string[] = lab.nodes): ReturnType<Prepared['run']> => {
    const stage = stageOver(cluster())
    const exec = (): Promise<unknown> => Promise.resolve({ exitCode: 0, stdout, stderr: '' })
    const probes = new Map(nodes.map((node) => [node, { namespace: 'default', pod: node, container: 'one' }]))
    return prepared(coreDnsKilled).run(Object.assign(stage, { exec, probes }))
  }

  test('passes when no lookup failed', async () => {
    expect(await saying('40 0\n')).toMatchObject({ verdict: 'pass', observed: { asked: { [first]: 40 } } })
  })

  test('fails when one failed', async () => {
    expect(await saying('40 1\n')).toMatchObject({ verdict: 'fail', observed: { failed: { [first]: 1 } } })
  })

  test('kills nothing where a node has nobody to ask', async () => {
    await expect(saying('40 0\n', lab.nodes.slice(1))).rejects.toThrow(`no ready probe pod on ${first}`)
  })

  test('is inconclusive when nothing was looked up', async () => {
    expect(await saying('0 0\n')).toMatchObject({ verdict: 'inconclusive' })
  })
})
