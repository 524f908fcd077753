import { describe, expect, it } from 'vitest'
import { searchedDomain } from '../../../../lab/observe/cluster/domain.js'
import { probePod, probeState } from '../../../../lab/observe/cluster/probe-pod.js'
import { proxyMode, type ProxySigns } from '../../../../lab/observe/cluster/proxy-mode.js'
import { servedZone } from '../../../../lab/observe/model/corefile.js'

describe('the mode of kube-proxy', () => {
  const args = (...words: string[]): object => ({
    spec: { containers: [{ name: 'kube-proxy', args: words }] },
  })
  const there = { daemonSet: { spec: { template: args() } } }
  it.each<[string, object, string]>([
    ['is iptables where none is said', { ...there, config: 'mode: ""' }, 'iptables'],
    ['is the one of its configuration', { ...there, config: 'mode: nftables' }, 'nftables'],
    ['is unknown where that may not be read', there, 'unknown'],
    ['is unknown where it is no mode', { ...there, config: 'mode: kernelspace' }, 'unknown'],
    ['is unknown where that is no YAML', { ...there, config: 'mode: [' }, 'unknown'],
    [
      'is rather the one of its command line',
      { daemonSet: { spec: { template: args('--proxy-mode=ipvs') } }, config: 'mode: iptables' },
      'ipvs',
    ],
    ['is none where only its ConfigMap was left', { daemonSet: null, config: 'mode: iptables' }, 'none'],
    [
      'is that of static pods',
      { daemonSet: null, staticPods: [args('--proxy-mode', 'iptables')] },
      'iptables',
    ],
    ['is unknown where those may not be read', { daemonSet: null, staticPods: undefined }, 'unknown'],
    [
      'is unknown in MicroK8s',
      { daemonSet: null, nodes: [{ metadata: { labels: { 'microk8s.io/cluster': 'true' } } }] },
      'unknown',
    ],
    [
      'is unknown in k3s',
      { daemonSet: null, nodes: [{ status: { nodeInfo: { kubeletVersion: 'v1.34.1+k3s1' } } }] },
      'unknown',
    ],
    ['is unknown where nothing may be read', { daemonSet: undefined, staticPods: undefined }, 'unknown'],
  ])('%s', (_, signs, mode) => {
    const given = { daemonSet: undefined, staticPods: [], config: undefined, nodes: [], ...signs }
    expect(proxyMode(given as unknown as ProxySigns)).toBe(mode)
  })
})

describe('the domain of the cluster', () => {
  it.each<[string, string, string | undefined]>([
    ['first of the plugin', '.:53 {\n  kubernetes a.b in-addr.arpa ip6.arpa {\n  }\n}', 'a.b'],
    ['after those for addresses', '.:53 {\n  kubernetes in-addr.arpa ip6.arpa a.b.\n}', 'a.b'],
    ['of the server block', 'a.b:53 10.0.0.0/8 {\n  kubernetes\n}', 'a.b'],
    ['not said', '.:53 {\n  kubernetes\n}', undefined],
    ['not served', 'a.b:53 {\n  forward . 1.1.1.1\n}', undefined],
  ])('in a Corefile: %s', (_, corefile, zone) => {
    expect(servedZone(corefile)).toBe(zone)
  })

  it('in the search path of a pod', () => {
    const text = 'search web.svc.a.b svc.a.b a.b example.org\nnameserver 10.96.0.10\noptions ndots:5\n'
    expect(searchedDomain(text)).toBe('a.b')
    expect(searchedDomain('nameserver 10.96.0.10\n')).toBeUndefined()
  })
})

describe('a probe pod', () => {
  const props = { name: 'p', namespace: 'web', node: 'a', image: 'tools:1', run: 'r' } as const
  const pod = probePod({ kind: 'restricted', ...props })

  it('is what the restricted Pod Security Standard lets in, has no credentials, and ends by itself', () => {
    expect(pod.spec).toMatchObject({
      automountServiceAccountToken: false,
      activeDeadlineSeconds: 900,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    })
    expect(pod.spec?.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(pod.spec).not.toHaveProperty('hostNetwork')
    expect(pod.metadata?.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'headless-lab',
      'headless-lab.dev/probe': 'r',
    })
  })

  it('sees its node only where it is privileged', () => {
    const { spec } = probePod({ kind: 'privileged', ...props })
    expect(spec).toMatchObject({ hostNetwork: true, hostPID: true, automountServiceAccountToken: false })
    expect(spec?.containers[0]?.securityContext).toEqual({ privileged: true, runAsUser: 0 })
  })

  const waiting = (reason: string): object => ({ containerStatuses: [{ state: { waiting: { reason } } }] })
  it.each<[object, string, string]>([
    [{ conditions: [{ type: 'Ready', status: 'True' }] }, 'ready', ''],
    [{}, 'waiting', 'the probe pod is not ready'],
    [waiting('ContainerCreating'), 'waiting', 'the probe pod is not ready: ContainerCreating'],
    [
      waiting('ErrImagePull'),
      'waiting',
      'the image tools:1 cannot be had (ErrImagePull); name another with --probe-image',
    ],
    [
      waiting('ErrImageNeverPull'),
      'lost',
      'the image tools:1 cannot be had (ErrImageNeverPull); name another with --probe-image',
    ],
    [
      waiting('CreateContainerConfigError'),
      'lost',
      'the probe pod does not start: CreateContainerConfigError',
    ],
    [{ phase: 'Failed', reason: 'DeadlineExceeded' }, 'lost', 'the probe pod ended: DeadlineExceeded'],
    [
      { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] },
      'waiting',
      'no room for the probe pod: 0/3 nodes are available',
    ],
  ])('of status %j is %s', (status, is, reason) => {
    expect(probeState({ status }, 'tools:1')).toEqual({
      is,
      ...(reason === '' ? {} : { reason }),
    })
  })
})
