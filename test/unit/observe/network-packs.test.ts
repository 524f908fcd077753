import { describe, expect, test } from 'vitest'
import type { Run } from '../../../lab/host/run.js'
import { systemClock } from '../../../lab/observe/clock.js'
import { connector } from '../../../lab/observe/connect.js'
import type { PodExec } from '../../../lab/observe/exec.js'
import type { Looking } from '../../../lab/observe/looking.js'
import type { NetworkPolicy } from '../../../lab/observe/model/policies.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import { collectCalico } from '../../../lab/observe/packs/calico.js'
import { collectReach } from '../../../lab/observe/packs/reach.js'
import { collectPolicies } from '../../../lab/observe/packs/policies.js'
import { networkWorld, part, podOf, policyOf } from '../checks/network-world.js'
import { broken } from '../checks/recorded.js'

const tool = podOf('default/tool', { ip: '192.168.0.1', labels: { app: 'tool' }, image: 'tool' })
const db = podOf('data/db', { ip: '192.168.1.1', labels: { app: 'db' }, ports: [5432], node: 'b' })
const far = podOf('moon/tool', { ip: '192.168.1.2', image: 'tool', node: 'b' })
const policy = policyOf('data/db', {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [
    {
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } }],
      ports: [{ port: 5432 }],
    },
  ],
})

/** Says of every connection that it is open, as the script in the pod would. */
const opens: PodExec = (_, [, , , , , ...pairs]) => {
  const lines = Array.from({ length: pairs.length / 2 }, (_, i) => `@@ ${String(i)} 10 0`)
  return Promise.resolve({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
}

const run: Run = (_, args) =>
  Promise.resolve(
    args.join(' ').includes('tcpdump')
      ? {
          ...{ exitCode: 0, stderr: 'listening on eth0' },
          stdout: 'IP 172.18.0.3.1 > 172.18.0.4.4789: VXLAN, flags [I] (0x08), vni 4096\n',
        }
      : { exitCode: 0, stdout: '[{"dst":"default","dev":"eth0"}]\n[]\n', stderr: '' },
  )

interface Facts {
  readonly pools?: unknown
  readonly pods?: readonly Pod[]
  readonly policies?: readonly NetworkPolicy[]
  readonly exec?: PodExec
  readonly engine?: boolean
  readonly probe?: boolean
  readonly namespaces?: unknown
}

function looking(facts: Facts = {}): Looking {
  const { pools = part([]), pods = [tool, db, far], policies = [policy], exec = opens } = facts
  const { engine = true, probe = true, namespaces = part([]) } = facts
  const { lab, declared } = networkWorld({ policies })
  const probes = probe ? new Map([['a', { namespace: 'default', pod: 'tool', container: 'one' }]]) : new Map()
  return {
    ...{
      collecting: { clock: systemClock },
      exec,
      connect: connector(exec),
      lab,
      declared,
      pods,
      probes,
      mayWrite: true,
    },
    api: { ipPools: pools, pods: part(pods), networkPolicies: part(policies), namespaces },
    engine: engine
      ? { docker: 'docker', containerlab: 'containerlab', topologyFile: 'file', run }
      : undefined,
  } as unknown as Looking
}

describe('policies', () => {
  test('what came of each connection, by policy', async () => {
    const { 'data/db': seen } = await collectPolicies(looking())
    expect(seen).toMatchObject({
      value: {
        attempts: [
          { from: 'default/tool', to: 'data/db', ip: '192.168.1.1', port: 5432, outcome: 'open' },
          { from: 'moon/tool', to: 'data/db', port: 5432, outcome: 'open' },
          { from: 'default/tool', to: 'data/db', port: 1, outcome: 'open' },
        ],
      },
    })
  })

  test('a pod that nothing can be run in costs its own attempts', async () => {
    const exec: PodExec = (target, ...rest) =>
      target.namespace === 'moon' ? Promise.reject(new Error('no shell')) : opens(target, ...rest)
    const { 'data/db': seen } = await collectPolicies(looking({ exec }))
    expect(seen).toMatchObject({
      value: {
        attempts: [{ outcome: 'open' }, { from: 'moon/tool', error: 'no shell' }, { outcome: 'open' }],
      },
    })
  })

  test('nothing is tried where the policies cannot be understood', async () => {
    const by = policyOf('data/db', {
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }] }],
    })
    const seen = await collectPolicies(looking({ policies: [by], namespaces: broken('403') }))
    expect(seen).toMatchObject({ 'data/db': { error: 'the labels of the namespaces are not known: 403' } })
  })
})

describe('calico', () => {
  const pools = (vxlanMode: string): unknown => part([{ spec: { cidr: '192.168.0.0/16', vxlanMode } }])

  test('looks at nothing where there is no Calico, or nobody knows', async () => {
    expect(await collectCalico(looking({ pools: part(null) }))).toEqual({})
    expect(await collectCalico(looking({ pools: broken('403') }))).toEqual({})
  })

  test('routes and paths of each node', async () => {
    const seen = await collectCalico(looking({ pools: pools('CrossSubnet') }))
    expect(seen['a']).toMatchObject({
      routes: { value: [{ dst: 'default', dev: 'eth0' }] },
      paths: {
        value: [
          { node: 'b', pod: 'data/db', ip: '192.168.1.1', port: 5432, outcome: 'open' },
          { node: 'b', pod: 'moon/tool', ip: '192.168.1.2', port: 1, outcome: 'open' },
        ],
      },
    })
    expect(seen['a']).not.toHaveProperty('wire')
    expect(seen['b']).toMatchObject({ paths: { error: 'no ready probe pod on node b' } })
  })

  test('the wire, where all traffic goes through VXLAN', async () => {
    const seen = await collectCalico(looking({ pools: pools('Always') }))
    expect(seen['a']?.wire).toMatchObject({
      value: {
        ...{ node: 'b', pod: 'data/db', inner: ['192.168.0.1', '192.168.1.1'] },
        packets: [{ vxlan: true, from: '172.18.0.3', to: '172.18.0.4' }],
      },
    })
    expect(seen['b']).not.toHaveProperty('wire')
  })

  test('neither routes nor the wire where the nodes are out of reach', async () => {
    const seen = await collectCalico(looking({ pools: pools('Always'), engine: false }))
    expect(seen['a']?.routes).toMatchObject({ error: 'the nodes are not containers of this machine' })
    expect(seen['a']).not.toHaveProperty('wire')
  })
})

describe('connections that have to be refused', () => {
  /** The virtual IPs that each node tries, of services behind which nothing is. */
  async function triedOn(count: number): Promise<string[][]> {
    const services = Array.from({ length: count }, (_, i) => ({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: `none-${i}`, namespace: 'default' } },
      spec: { clusterIP: `10.96.0.${i}`, selector: { app: `none-${i}` }, ports: [{ port: 80 }] },
    }))
    const base = looking()
    const tried: string[][] = []
    const { declared } = networkWorld({ workloads: services })
    await collectReach({
      ...base,
      ...{ declared, lab: { ...base.lab, topology: { pools: [] } } },
      api: { ...base.api, services: part(services), endpointSlices: part([]) },
      probes: new Map(
        base.lab.nodes.map((node) => [node, { namespace: 'default', pod: node, container: 'one' }]),
      ),
      connect: (_: unknown, attempts: readonly { readonly host: string }[]) => {
        tried.push(attempts.map(({ host }) => host.replace('10.96.0.', '')))
        return Promise.resolve([])
      },
    })
    return tried
  }

  test('are tried from every node where they are few', async () => {
    expect(await triedOn(2)).toEqual([
      ['0', '1'],
      ['0', '1'],
    ])
  })

  test('are tried in turn where they are many, since the kernel answers few at once', async () => {
    expect(await triedOn(5)).toEqual([
      ['0', '1'],
      ['2', '3'],
    ])
  })
})
