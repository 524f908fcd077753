import type { V1Container, V1DaemonSet, V1Node, V1Pod } from '@kubernetes/client-node'
import { parse } from 'yaml'
import type { LabFacts } from '../model/lab.js'
import type { Plain } from '../model/plain.js'

type Mode = LabFacts['kubeProxyMode']

/** What tells how kube-proxy works; `undefined` where it could not be read, `null` where it is not there. */
export interface ProxySigns {
  readonly daemonSet: V1DaemonSet | null | undefined
  /** On clusters where the kubelet runs it from a file. */
  readonly staticPods: readonly V1Pod[] | undefined
  /** Text of its KubeProxyConfiguration. */
  readonly config: string | undefined
  readonly nodes: readonly Plain<V1Node>[]
}

/**
 * The mode of kube-proxy. A ConfigMap alone says nothing where the DaemonSet is gone: what replaces kube-proxy
 * mostly leaves it behind.
 */
export function proxyMode({ daemonSet, staticPods, config, nodes }: ProxySigns): Mode {
  if (daemonSet === null) {
    if (staticPods === undefined) return 'unknown'
    const [pod] = staticPods
    if (pod !== undefined) return flagOf(pod.spec?.containers) ?? 'unknown'
    return nodes.some(runsItInside) ? 'unknown' : 'none'
  }
  return flagOf(daemonSet?.spec?.template.spec?.containers) ?? configured(config)
}

/** k3s and MicroK8s run kube-proxy inside of their own program. */
function runsItInside({ metadata, status }: Plain<V1Node>): boolean {
  return (
    /\+k3s/.test(status?.nodeInfo?.kubeletVersion ?? '') ||
    metadata?.labels?.['microk8s.io/cluster'] !== undefined
  )
}

/** The mode on the command line, which then counts. */
function flagOf(containers: readonly V1Container[] | undefined): Mode | undefined {
  const words = (containers ?? []).flatMap(({ command = [], args = [] }) => [...command, ...args])
  const mode = /--proxy-mode[= ](\w+)/.exec(words.join(' '))?.[1]
  return mode === undefined ? undefined : known(mode)
}

function configured(config: string | undefined): Mode {
  if (config === undefined) return 'unknown'
  try {
    const { mode } = parse(config) as { mode?: string | null }
    return known(mode ?? '')
  } catch {
    return 'unknown'
  }
}

/** On Linux no mode means iptables. */
function known(mode: string): Mode {
  if (mode === '') return 'iptables'
  return mode === 'iptables' || mode === 'nftables' || mode === 'ipvs' ? mode : 'unknown'
}
