import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { versions } from '../../../lab/artifacts/versions.js'
import { LabError } from '../../../lab/errors.js'
import { makePlan, type Plan } from '../../../lab/plan/plan.js'
import { parseSpec, type SpecInput } from '../../../lab/spec/index.js'

function planOf(input: SpecInput = {}): Plan {
  const parsed = parseSpec(input)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues))
  return makePlan(parsed.spec)
}

describe('makePlan', () => {
  it('gives the same for the same spec', () => {
    const bytes = (plan: Plan): string => JSON.stringify([plan, plan.containerlab('image')])
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
    const topology = parse(planOf({ name: 'lab' }).containerlab('headless-lab/node:1-k')) as {
      topology: { nodes: Record<string, object> }
    }
    expect(topology.topology.nodes['lab']).toMatchObject({
      image: 'headless-lab/node:1-k',
      'startup-config': 'kind.yaml',
    })
  })

  it('asks for the replicas of the spec', () => {
    const { manifests } = planOf({ workloads: { redis: { replicas: 5 }, nginx: { replicas: 4 } } })
    const replicas = manifests.flatMap((object) =>
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

describe('the digest of the topology', () => {
  const { topologyDigest } = planOf()

  it('does not change with the workloads, which can change in place', () => {
    expect(planOf({ workloads: { nginx: { replicas: 7 } } }).topologyDigest).toBe(topologyDigest)
  })

  it.each<[string, SpecInput]>([
    ['workers', { topology: { workers: 3 } }],
    ['the name', { name: 'other' }],
    ['the pod subnet', { topology: { podSubnets: ['10.200.0.0/16'] } }],
    ['the mode of kube-proxy', { topology: { kubeProxyMode: 'nftables' } }],
  ])('changes with %s', (_name, input) => {
    expect(planOf(input).topologyDigest).not.toBe(topologyDigest)
  })
})
