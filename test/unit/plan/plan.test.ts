import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { versions, workloadImages } from '../../../lab/artifacts/versions.js'
import { LabError } from '../../../lab/errors.js'
import { makePlan, neededArtifacts, type Plan } from '../../../lab/plan/plan.js'
import { parseSpec, type SpecInput } from '../../../lab/spec/index.js'

function planOf(input: SpecInput = {}): Plan {
  const parsed = parseSpec(input)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues))
  return makePlan(parsed.spec)
}

describe('makePlan', () => {
  it('gives the same for the same spec', () => {
    const bytes = (plan: Plan): string =>
      JSON.stringify([plan, plan.containerlab('image', {}), plan.manifests(['10.0.0.1'])])
    expect(bytes(planOf())).toBe(bytes(planOf()))
  })

  it('names nodes as kind does, control plane first', () => {
    expect(planOf({ name: 'lab', topology: { workers: 2 } }).nodes).toEqual([
      'lab-control-plane',
      'lab-worker',
      'lab-worker2',
    ])
  })

  it('tells kubeadm the versions that are really built', () => {
    const { kindConfig } = planOf()
    expect(kindConfig).toContain(versions.etcdImageTag)
    expect(kindConfig).toContain(versions.coredns)
  })

  it('gives containerlab the node image and the kind configuration beside it', () => {
    const topology = parse(planOf({ name: 'lab' }).containerlab('headless-lab/node:1-k', {})) as {
      topology: { nodes: Record<string, object> }
    }
    expect(topology.topology.nodes['lab']).toMatchObject({
      image: 'headless-lab/node:1-k',
      'startup-config': 'kind.yaml',
    })
  })

  it('asks for the replicas of the spec', () => {
    const plan = planOf({ workloads: { redis: { replicas: 5 }, nginx: { replicas: 4 } } })
    const replicas = plan
      .manifests([])
      .flatMap((object) =>
        'spec' in object && ['Deployment', 'StatefulSet'].includes(object.kind ?? '')
          ? [[object.metadata?.name, (object.spec as { replicas?: number }).replicas]]
          : [],
      )
    expect(Object.fromEntries(replicas)).toMatchObject({ redis: 5, 'nginx-deployment': 4 })
  })

  it.each([
    ['topology.kubernetesVersion', { kubernetesVersion: 'v1.33.1' }, versions.kubernetes],
    ['topology.calicoVersion', { calicoVersion: 'v3.29.0' }, versions.calico],
  ])('refuses a %s that there is no recipe for, and says what to write', (field, topology, has) => {
    let error: unknown
    try {
      planOf({ topology })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(LabError)
    expect(error).toMatchObject({ code: 'spec.invalid', exitCode: 2 })
    expect((error as LabError).message).toMatch(
      new RegExp(`^${field}: .*; write ${has.replaceAll('.', '\\.')}`),
    )
  })
})

describe('the workloads', () => {
  const off = { enabled: false }
  const redisAndNginxOnly = {
    workloads: {
      ...{ postgres: off, kafka: off, mysql: off, grpc: off },
      ...{ externalDatabase: off, moon: off, webApi: off, fixtures: off },
    },
  }
  const namesOf = (plan: Plan, ...kinds: string[]): string[] =>
    plan
      .manifests([])
      .flatMap(({ kind, metadata }) =>
        kinds.includes(kind ?? '') ? [`${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`] : [],
      )
      .toSorted()
  const workloads = ['StatefulSet', 'Deployment', 'DaemonSet']

  it('are those of all documents, in the namespaces of these', () => {
    expect(namesOf(planOf(), ...workloads)).toEqual([
      'database/postgres',
      'default/grpc-backend',
      'default/grpc-client',
      'default/multitool',
      'default/mysql',
      'default/nginx-deployment',
      'default/redis',
      'default/web-api',
      'fixtures/sticky',
      'moon/app',
      'streaming/kafka',
    ])
    expect(namesOf(planOf(), 'Namespace')).toEqual([
      'database/database',
      'default/default',
      'fixtures/fixtures',
      'moon/moon',
      'streaming/streaming',
    ])
  })

  it('can be left out, but for Redis, nginx and multitool', () => {
    const plan = planOf(redisAndNginxOnly)
    expect(namesOf(plan, ...workloads)).toEqual([
      'default/multitool',
      'default/nginx-deployment',
      'default/redis',
    ])
    expect(namesOf(plan, 'Namespace', 'EndpointSlice', 'Pod')).toEqual(['default/default'])
    expect(plan.secrets).toEqual([])
  })

  it('run images that are in the nodes', () => {
    const images = JSON.stringify(planOf().manifests([])).matchAll(/"image":"([^"]*)"/g)
    const used = new Set([...images].map(([, image]) => image))
    expect([...used].toSorted()).toEqual(Object.values(workloadImages).toSorted())
  })

  it('carry the name of the lab', () => {
    for (const { metadata } of planOf({ name: 'mine' }).manifests([]))
      expect(metadata?.labels).toMatchObject({ 'headless-lab.dev/lab': 'mine' })
  })

  it('name the Secrets they mount, with the labels of the lab', () => {
    const { secrets } = planOf({ name: 'mine' })
    expect(secrets.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      'database/postgres-secret',
      'default/external-db-secret',
      'default/mysql-secret',
    ])
    for (const { keys, labels } of secrets) {
      expect(keys).toContain('password')
      expect(labels).toEqual({ 'app.kubernetes.io/part-of': 'headless-lab', 'headless-lab.dev/lab': 'mine' })
    }
  })

  it.each([1, 9])('can have %i pods each', (replicas) => {
    const some = { replicas }
    const input = { workloads: { postgres: some, kafka: some, mysql: some, grpc: some } }
    const text = JSON.stringify(planOf(input).manifests([]))
    expect(text.match(new RegExp(`"replicas":${replicas}\\b`, 'g'))?.length).toBeGreaterThanOrEqual(4)
  })

  it('can be of one node, of another domain', () => {
    const topology = { workers: 0, clusterDomain: 'lab.internal' }
    const text = JSON.stringify(planOf({ topology }).manifests([]))
    expect(text).toContain('.svc.lab.internal')
    expect(text).not.toContain('cluster.local')
  })
})

describe('the images of linux nodes', () => {
  it('that are this lab’s own become artifacts to ask for', () => {
    const linuxNodes = [
      { name: 'a', image: 'headless-lab/redis' },
      { name: 'b', image: 'headless-lab/nginx:1.26-k' },
      { name: 'c', image: 'postgres:17' },
      { name: 'd', image: 'headless-lab/unknown' },
    ]
    const plan = planOf({ topology: { linuxNodes }, workloads: { externalDatabase: { enabled: false } } })
    expect(plan.linuxArtifacts).toEqual({ 'headless-lab/redis': 'redis' })
    expect(neededArtifacts(plan)).toEqual(['node', 'containerlab', 'calico', 'kubernetes', 'redis'])
    const rendered = plan.containerlab('n', { 'headless-lab/redis': 'headless-lab/redis:8.0-k' })
    expect(parse(rendered)).toMatchObject({
      topology: {
        nodes: {
          a: { image: 'headless-lab/redis:8.0-k' },
          b: { image: 'headless-lab/nginx:1.26-k' },
          c: { image: 'postgres:17' },
          d: { image: 'headless-lab/unknown' },
        },
      },
    })
  })
})

describe('the external database', () => {
  it('has a container, and a Secret for its password', () => {
    expect(planOf({ name: 'lab' }).externalDatabase).toEqual({
      container: 'lab-external-db',
      password: { namespace: 'default', name: 'external-db-secret', key: 'password' },
    })
  })

  it('has a service that leads to the addresses it is told', () => {
    const slices = (addresses?: string[]) =>
      planOf()
        .manifests(addresses)
        .filter(
          ({ kind, metadata }) =>
            kind === 'EndpointSlice' && metadata?.labels?.['kubernetes.io/service-name'] === 'external-db',
        )
    expect(slices(['172.18.0.9'])).toMatchObject([{ endpoints: [{ addresses: ['172.18.0.9'] }] }])
    expect(slices([])).toMatchObject([{ endpoints: [] }])
    expect(slices()).toEqual([])
  })

  it('is none where it is turned off', () => {
    expect(planOf({ workloads: { externalDatabase: { enabled: false } } }).externalDatabase).toBeUndefined()
  })
})

describe('the digest of the topology', () => {
  const { topologyDigest } = planOf()

  it('does not change with the workloads, which can change in place', () => {
    expect(planOf({ workloads: { nginx: { replicas: 7 } } }).topologyDigest).toBe(topologyDigest)
  })

  it.each<[string, SpecInput]>([
    ['the external database', { workloads: { externalDatabase: { enabled: false } } }],
    ['workers', { topology: { workers: 3 } }],
    ['the name', { name: 'other' }],
    ['the pod subnet', { topology: { podSubnets: ['10.200.0.0/16'] } }],
    ['the mode of kube-proxy', { topology: { kubeProxyMode: 'nftables' } }],
  ])('changes with %s', (_name, input) => {
    expect(planOf(input).topologyDigest).not.toBe(topologyDigest)
  })
})
