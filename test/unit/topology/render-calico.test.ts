import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CalicoManifestError, renderCalico, type KubeObject } from '../../../topology/render-calico.js'
import { topologyOf } from './fixtures.js'

const manifest = await readFile(new URL('../../fixtures/calico-vxlan.excerpt.yaml', import.meta.url), 'utf8')

interface Env {
  name: string
  value?: string
}

interface Workload {
  spec: { template: { spec: { initContainers?: object[]; containers: { name: string; env: Env[] }[] } } }
}

const find = (objects: readonly KubeObject[], kind: string): KubeObject => {
  const found = objects.find((object) => object.kind === kind)
  if (!found) throw new Error(`no ${kind}`)
  return found
}

const env = (objects: readonly KubeObject[]): Record<string, string | undefined> => {
  const { containers } = (find(objects, 'DaemonSet') as unknown as Workload).spec.template.spec
  return Object.fromEntries(containers[0]?.env.map(({ name, value }) => [name, value]) ?? [])
}

const data = (objects: readonly KubeObject[], configMap: string): Record<string, string> => {
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMap)
  return (found as unknown as { data: Record<string, string> }).data
}

const networkConfig = (objects: readonly KubeObject[]): string =>
  data(objects, 'calico-config')['cni_network_config'] ?? ''

describe('renderCalico', () => {
  it('gives definitions, then pools, then what uses them, and leaves the rest', () => {
    const objects = renderCalico(manifest, topologyOf())
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'CustomResourceDefinition ippools.crd.projectcalico.org',
      'IPPool default-ipv4-ippool',
      'ConfigMap kubernetes-services-endpoint',
      'ServiceAccount calico-node',
      'ConfigMap calico-config',
      'DaemonSet calico-node',
      'Deployment calico-kube-controllers',
    ])
  })

  it('has the API server reached at its node, before anything that needs it: kube-proxy may not be there yet', () => {
    expect(data(renderCalico(manifest, topologyOf({ name: 'one' })), 'kubernetes-services-endpoint')).toEqual(
      {
        KUBERNETES_SERVICE_HOST: 'one-control-plane',
        KUBERNETES_SERVICE_PORT: '6443',
      },
    )
  })

  it.each(['install-cni', 'calico-node'])('refuses a manifest whose %s does not read that', (container) => {
    const [before = '', after = ''] = manifest.split(`- name: ${container}\n`)
    const without = `${before}- name: ${container}\n${after.replace('name: kubernetes-services-endpoint', 'name: other')}`
    expect(() => renderCalico(without, topologyOf())).toThrow(
      `container ${container} does not read ConfigMap kubernetes-services-endpoint`,
    )
  })

  it('is deterministic and reads its manifest anew each time', () => {
    const once = renderCalico(manifest, topologyOf())
    renderCalico(manifest, topologyOf({ ipFamily: 'dual' }))
    expect(JSON.stringify(renderCalico(manifest, topologyOf()))).toBe(JSON.stringify(once))
  })

  it('writes each pool with all of its settings', () => {
    const topology = topologyOf({
      workers: 0,
      pools: [
        { cidr: '192.168.0.0/18', encapsulation: 'VXLAN', natOutgoing: false },
        { cidr: '192.168.64.0/18', name: 'rack-a', blockSize: 28, nodeSelector: 'rack == "a"' },
        { cidr: '192.168.128.0/18', encapsulation: 'None' },
      ],
    })
    const pools = renderCalico(manifest, topology).filter(({ kind }) => kind === 'IPPool')
    expect(pools[1]).toEqual({
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'rack-a' },
      spec: {
        cidr: '192.168.64.0/18',
        blockSize: 28,
        ipipMode: 'Never',
        vxlanMode: 'CrossSubnet',
        natOutgoing: true,
        nodeSelector: 'rack == "a"',
        allowedUses: ['Workload', 'Tunnel'],
      },
    })
    const modes = pools.map((pool) => pool['spec'] as { vxlanMode: string; natOutgoing: boolean })
    expect(modes.map(({ vxlanMode, natOutgoing }) => [vxlanMode, natOutgoing])).toEqual([
      ['Always', false],
      ['CrossSubnet', true],
      ['Never', true],
    ])
  })

  it.each([
    ['ipv4', { IP: 'autodetect', IP6: 'none', FELIX_IPV6SUPPORT: 'false' }, ['true', 'false']],
    ['dual', { IP: 'autodetect', IP6: 'autodetect', FELIX_IPV6SUPPORT: 'true' }, ['true', 'true']],
    ['ipv6', { IP: 'none', IP6: 'autodetect', FELIX_IPV6SUPPORT: 'true' }, ['false', 'true']],
  ] as const)('sets the families of an %s lab', (ipFamily, variables, [assign4, assign6]) => {
    const objects = renderCalico(manifest, topologyOf({ ipFamily }))
    expect(env(objects)).toMatchObject(variables)
    expect(networkConfig(objects)).toContain(`"assign_ipv4": "${assign4}"`)
    expect(networkConfig(objects)).toContain(`"assign_ipv6": "${assign6}"`)
  })

  it('keeps Felix from eBPF, keeps the variables of others, and sets none twice', () => {
    const objects = renderCalico(manifest, topologyOf())
    expect(env(objects)).toMatchObject({
      NO_DEFAULT_POOLS: 'true',
      FELIX_BPFENABLED: 'false',
      FELIX_XDPENABLED: 'false',
      FELIX_DEBUGSKIPCTLBCLEANUP: 'true',
      DATASTORE_TYPE: 'kubernetes',
      FELIX_HEALTHENABLED: 'true',
    })
    expect(Object.keys(env(objects)).filter((name) => name.startsWith('CALICO_IPV'))).toEqual([])
    const { containers } = (find(objects, 'DaemonSet') as unknown as Workload).spec.template.spec
    const names = containers[0]?.env.map(({ name }) => name) ?? []
    expect(new Set(names).size).toBe(names.length)
  })

  it('leaves the mtu for the installer and the rest as JSON', () => {
    const config = networkConfig(renderCalico(manifest, topologyOf()))
    expect(config).toContain('"mtu": __CNI_MTU__,')
    expect(() => JSON.parse(config.replace('__CNI_MTU__', '0')) as unknown).not.toThrow()
  })

  it('never pulls', () => {
    const objects = renderCalico(
      manifest.replaceAll('imagePullPolicy: IfNotPresent', 'imagePullPolicy: Always'),
      topologyOf(),
    )
    expect(JSON.stringify(objects)).not.toContain('Always"')
    expect(JSON.stringify(objects).match(/"imagePullPolicy":"IfNotPresent"/g)).toHaveLength(5)
  })

  it.each([
    ['kind: DaemonSet', 'kind: Job', 'no DaemonSet calico-node'],
    ['name: ippools.crd', 'name: pools.crd', 'no CustomResourceDefinition ippools.crd.projectcalico.org'],
    ['kind: Deployment', 'kind: Job', 'no Deployment calico-kube-controllers'],
    ['name: calico-config\n  namespace', 'name: other\n  namespace', 'no ConfigMap calico-config'],
    ['calico_backend: "vxlan"', 'calico_backend: "bird"', 'no calico_backend "vxlan"'],
    ['"type": "calico-ipam"', '"type": "host-local"', 'no cni_network_config with calico-ipam'],
    ['__CNI_MTU__', '1500', 'no cni_network_config with calico-ipam and an mtu of __CNI_MTU__'],
    ['- name: FELIX_IPV6SUPPORT', '- name: FELIX_IPV6', 'no variable FELIX_IPV6SUPPORT'],
    ['- name: IP\n', '- name: IPV4\n', 'no variable IP in'],
    ['- name: calico-node\n          image', '- name: node\n          image', 'no container calico-node'],
    ['calico/cni:v3.28.5', 'calico/cni:v3.29.0', 'no image of v3.28.5 but docker.io/calico/cni:v3.29.0'],
    ['metadata:\n', 'metadata: [\n', 'no YAML'],
  ])('fails where the manifest has, instead of %j, %j', (from, to, missing) => {
    expect(manifest).toContain(from)
    const changed = manifest.replace(from, to)
    expect(() => renderCalico(changed, topologyOf())).toThrow(CalicoManifestError)
    expect(() => renderCalico(changed, topologyOf())).toThrow(missing)
  })
})
