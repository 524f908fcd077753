import type { KubeConfig } from '@kubernetes/client-node'
import { podExec } from '../exec.js'
import { collect } from '../collect.js'
import type { Collecting } from '../collect.js'
import type { ProbePods } from '../model/target.js'

const DEADLINE_MS = 5_000

/** The cluster's domain as the search path of a probe pod has it, where the DNS server's configuration does not tell. */
export async function domainSearched(
  kubeconfig: KubeConfig,
  { namespace, names }: ProbePods,
  collecting: Collecting,
): Promise<string | undefined> {
  const [pod] = names ?? []
  if (pod === undefined) return undefined
  const about = {
    name: 'resolv.conf',
    source: `kubectl exec -n ${namespace} ${pod}`,
    deadlineMs: DEADLINE_MS,
  }
  const part = await collect(collecting, about, async (signal) => {
    // An empty name: the pod's default container.
    const exec = podExec(kubeconfig)
    return (await exec({ namespace, pod, container: '' }, ['cat', '/etc/resolv.conf'], signal)).stdout
  })
  return 'error' in part ? undefined : searchedDomain(part.value)
}

/** The domain in the search path that the kubelet writes: `<namespace>.svc.<domain> svc.<domain> <domain>`. */
export function searchedDomain(resolvConf: string): string | undefined {
  const words = /^search\s+(.*)$/m.exec(resolvConf)?.[1]?.trim().split(/\s+/) ?? []
  return words.find((word) => word.startsWith('svc.'))?.slice('svc.'.length)
}
