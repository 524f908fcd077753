import type { KubernetesObject } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { LabState } from '../../../lab/cluster/state.js'
import { LabError } from '../../../lab/errors.js'
import { makePlan } from '../../../lab/plan/plan.js'
import { loadSpec } from '../../../lab/spec/index.js'
import { lookAt } from '../../../lab/status/look.js'
import { isAsDeclared, type LabStatus } from '../../../lab/status/model.js'
import { renderStatus } from '../../../lab/status/render.js'
import type { FieldDrift } from '../../../lab/cluster/drift.js'
import { fakeRun, never, temporaryFolder } from '../host/fakes.js'

const plan = makePlan(await loadSpec({}))
const names = [...plan.nodes, `${plan.name}-external-db`]

interface Facts {
  readonly engine?: boolean
  /** State of each container that is there, by name. */
  readonly containers?: Readonly<Record<string, string>>
  readonly journal?: 'nothing' | 'begun' | 'finished' | 'being removed'
  readonly silent?: string
  readonly notReady?: readonly string[]
  readonly drift?: readonly FieldDrift[] | 'gone' | LabError
  /** Keys that the Secrets lack, or that they are not there. */
  readonly secrets?: readonly string[] | 'gone'
  /** What carries the lab's label. */
  readonly live?: readonly KubernetesObject[]
  /** Another folder that the lab was made from. */
  readonly other?: string
  readonly waiting?: readonly { pod: string; reason: string }[]
}

const running = Object.fromEntries(names.map((name) => [name, 'running']))
const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' } }

const ofLab = (name: string): KubernetesObject => {
  const labels = { 'headless-lab.dev/lab': plan.name }
  const managedFields = [{ manager: 'headless-lab', operation: 'Apply' }]
  const live = { ...service, metadata: { name, namespace: 'shop', labels, managedFields } }
  return live
}

async function look(facts: Facts = {}): Promise<LabStatus> {
  const { engine = true, containers = running, journal = 'finished', notReady = [], waiting = [] } = facts
  const state = new LabState(plan.name, await temporaryFolder())
  if (journal !== 'nothing') await state.journal({ event: 'nodes-intent' })
  if (journal === 'finished') {
    const record = {
      ...{ schema: 'headless-lab/state/v1' as const, name: plan.name, topologyDigest: plan.topologyDigest },
      ...{ nodeImage: 'node', containerlab: 'containerlab', createdAt: '2026-01-01T00:00:00Z' },
    }
    await state.journal({ event: 'nodes-done', record })
  }
  if (journal === 'being removed') await state.journal({ event: 'nodes-removed' })
  const { run } = fakeRun(({ args }) => {
    if (args[0] === 'version') return engine ? '28.0' : { exitCode: 1, stderr: 'no daemon' }
    if (args[0] === '-c') return '/usr/bin/dockerd'
    const label = args.find((arg) => arg.startsWith('label='))
    if (args[0] === 'ps' && label?.startsWith('label=io.x-k8s.kind.cluster') === true)
      return Object.entries(containers)
        .map(([name, is]) => `id-${name}\t${name}\t${is}\timage`)
        .join('\n')
    return ''
  })
  return lookAt({
    ...{ plan, state, run, signal: never() },
    objects: () => Promise.resolve([service]),
    owner: {
      other: () =>
        Promise.resolve(facts.other === undefined ? undefined : new LabState(plan.name, facts.other)),
    },
    connect: () => ({
      unreachable: () => Promise.resolve(facts.silent),
      nodes: () =>
        Promise.resolve(
          plan.nodes.map((name) => ({ name, ready: !notReady.includes(name), kubelet: 'v1.34.4' })),
        ),
      drift: () => {
        if (facts.drift instanceof LabError) return Promise.reject(facts.drift)
        return Promise.resolve(facts.drift === 'gone' ? undefined : [...(facts.drift ?? [])])
      },
      secretLacks: () => Promise.resolve(facts.secrets === 'gone' ? undefined : (facts.secrets ?? [])),
      selected: () => Promise.resolve([...(facts.live ?? [])]),
      podsNotReady: () => Promise.resolve([...waiting]),
    }),
  })
}

describe('the phase of a lab', () => {
  test.each<[string, Facts, string, boolean]>([
    ['running', {}, 'running', true],
    ['absent', { containers: {}, journal: 'nothing' }, 'absent', false],
    ['absent, as its containers are gone', { containers: {} }, 'absent', false],
    ['half-made', { containers: { [names[0] ?? '']: 'running' }, journal: 'begun' }, 'half-made', false],
    ['half removed', { containers: {}, journal: 'being removed' }, 'half-made', false],
    [
      'stopped, as a node does not run',
      { containers: { ...running, [names[1] ?? '']: 'exited' } },
      'stopped',
      false,
    ],
    ['stopped, as the engine does not run', { engine: false }, 'stopped', false],
    ['absent, and the engine does not run', { engine: false, journal: 'nothing' }, 'absent', false],
    ['unreachable', { silent: 'no answer within 10 s' }, 'unreachable', false],
    [
      'running, with drift',
      { drift: [{ path: 'spec.type', live: 'NodePort', declared: 'ClusterIP' }] },
      'running',
      false,
    ],
    ['running, with an object gone', { drift: 'gone' }, 'running', false],
    ['running, with its Secrets gone', { secrets: 'gone' }, 'running', false],
    ['running, with a Secret that lacks a key', { secrets: ['password'] }, 'running', false],
    ['running, with what is not declared any more', { live: [ofLab('kafka')] }, 'running', false],
    ['running, with nothing but what is declared', { live: [ofLab('web')] }, 'running', true],
    ['half-made, as another folder made it since', { other: '/elsewhere/.lab/lab' }, 'half-made', false],
    ['running, with a node not Ready', { notReady: plan.nodes.slice(2) }, 'running', false],
    ['running, with a pod not ready', { waiting: [{ pod: 'a/b', reason: 'c' }] }, 'running', false],
  ])('%s', async (_, facts, phase, well) => {
    const status = await look(facts)
    expect([status.phase, isAsDeclared(status)]).toEqual([phase, well])
  })
})

describe('people read', () => {
  test('that all is well', async () => {
    const lines = renderStatus(await look()).split('\n')
    expect(lines[0]).toBe('lab headless-services: running, as declared')
    expect(lines).toContain('  headless-services-worker         running, Ready, v1.34.4')
    expect(lines).toContain(`objects: 0 of ${1 + plan.secrets.length} not as declared`)
    expect(lines).toContain('pods: all ready')
    expect(lines.at(-1)).toBe('never verified as it is')
  })

  test('which fields are not as declared, and what to do', async () => {
    const drift = [
      { path: 'spec.selector.app', live: 'ngnix', declared: 'nginx' },
      { path: 'spec.x', live: 1 },
    ]
    const text = renderStatus(
      await look({ drift, waiting: [{ pod: 'shop/web-1', reason: 'container web is not ready' }] }),
    )
    expect(text).toContain('lab headless-services: running, not as declared')
    expect(text).toContain(
      '  Service shop/web\n    spec.selector.app: is "ngnix", declared "nginx"\n    spec.x: is 1, declared absent',
    )
    expect(text).toContain('pods not ready: 1\n  shop/web-1: container web is not ready')
    expect(text).toContain('npm run deploy repairs it')
  })

  test('why it does not run', async () => {
    const node = names[1] ?? ''
    const text = renderStatus(await look({ containers: { ...running, [node]: 'exited' } }))
    expect(text).toContain('npm run start brings it back')
    expect(text).toContain(`lab headless-services: stopped (${node} is exited)`)
    expect(text).not.toContain('objects:')
  })

  test('what makes it anew, where a node is gone for good or another folder made it', async () => {
    const rest = Object.entries(running).filter(([name]) => name !== names[1])
    const gone = renderStatus(await look({ containers: Object.fromEntries(rest) }))
    expect(gone).toContain(`stopped (${names[1] ?? ''} is not there)`)
    expect(gone).toContain('npm run deploy repairs it')
    const others = await look({ journal: 'nothing' })
    expect([others.phase, others.reason]).toEqual(['half-made', 'it was not made from this folder'])
  })

  test('of what another folder made, where to go, and not that deploy repairs it', async () => {
    for (const facts of [
      { journal: 'nothing', containers: { [names[0] ?? '']: 'running' } },
      { other: '/elsewhere/.lab/lab' },
    ] as const) {
      const text = renderStatus(await look(facts))
      expect(text.split('\n').at(-1)).toBe(
        `run the command in the folder it was made from; or npm run teardown removes it (--name ${plan.name}); or give another --name`,
      )
      expect(text).not.toContain('npm run deploy')
    }
    expect(renderStatus(await look({ other: '/elsewhere/.lab/lab' }))).toContain(
      'it was made from /elsewhere/.lab/lab',
    )
  })

  test('which Secrets are not there, or lack a key, and what deploy does', async () => {
    const [first] = plan.secrets
    const name = `Secret ${first?.namespace ?? ''}/${first?.name ?? ''}`
    expect(renderStatus(await look({ secrets: 'gone' }))).toContain(
      `  ${name}: not there; deploy makes it with new passwords`,
    )
    expect(renderStatus(await look({ secrets: ['a', 'b'] }))).toContain(
      `  ${name}: has no a, b; deploy gives it new ones`,
    )
  })

  test('what is not declared any more', async () => {
    const text = renderStatus(await look({ live: [ofLab('web'), ofLab('kafka')] }))
    expect(text).toContain(`objects: 1 of ${2 + plan.secrets.length} not as declared`)
    expect(text).toContain('  Service shop/kafka: not declared any more; deploy deletes it')
  })

  test('what is declared and cannot be taken', async () => {
    const status = await look({
      drift: new LabError('cluster.rejected', 'the API server rejected it: immutable', { hint: 'delete it' }),
    })
    expect(isAsDeclared(status)).toBe(false)
    const text = renderStatus(status)
    expect(text).toContain('  Service shop/web: the API server rejected it: immutable\n    delete it\n')
    // As it is, deploy ends there.
    expect(text).toContain('npm run deploy repairs the rest, when nothing is rejected')
  })

  test('an object that is gone', async () => {
    expect(renderStatus(await look({ drift: 'gone' }))).toContain('  Service shop/web: not there')
  })
})
