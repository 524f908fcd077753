import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { renderKindConfig } from '../../../topology/render-kind.js'
import { topologyOf } from './fixtures.js'

const tags = { etcdImageTag: '3.6.16-0', dnsImageTag: 'v1.12.4' }

describe('renderKindConfig', () => {
  it('gives these bytes for the default lab', () => {
    expect(renderKindConfig(topologyOf(), tags))
      .toBe(`# Rendered by headless-lab from the spec; the next deploy writes it again.
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: headless-services
networking:
  ipFamily: ipv4
  apiServerAddress: 127.0.0.1
  podSubnet: 192.168.0.0/16
  serviceSubnet: 10.96.0.0/16
  disableDefaultCNI: true
  kubeProxyMode: iptables
  dnsSearch: []
nodes:
  - role: control-plane
  - role: worker
  - role: worker
kubeadmConfigPatches:
  - |
    kind: ClusterConfiguration
    etcd:
      local:
        imageTag: 3.6.16-0
    dns:
      imageTag: v1.12.4
    networking:
      dnsDomain: cluster.local
`)
  })

  it('joins the subnets of a dual lab and writes the proxy mode', () => {
    const topology = topologyOf({ ipFamily: 'dual', kubeProxyMode: 'nftables', workers: 0 })
    expect(parse(renderKindConfig(topology, tags))).toMatchObject({
      networking: {
        ipFamily: 'dual',
        podSubnet: '192.168.0.0/16,fd00:10:244::/56',
        serviceSubnet: '10.96.0.0/16,fd00:10:96::/112',
        kubeProxyMode: 'nftables',
      },
      nodes: [{ role: 'control-plane' }],
    })
  })

  it('keeps what looks like a number a text', () => {
    const text = renderKindConfig(topologyOf({ name: '1e3' }), { etcdImageTag: '3.6', dnsImageTag: '1' })
    const config = parse(text, { version: '1.1' }) as { name: unknown; kubeadmConfigPatches: [string] }
    expect(config.name).toBe('1e3')
    expect(parse(config.kubeadmConfigPatches[0], { version: '1.1' })).toMatchObject({
      etcd: { local: { imageTag: '3.6' } },
      dns: { imageTag: '1' },
    })
  })
})
