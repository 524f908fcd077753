import { nodeNames, type Topology } from './model.js'
import type { KubeObject } from './render-calico.js'

/** CoreDNS's Deployment, as kubeadm makes it. */
export const CORE_DNS = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coredns', namespace: 'kube-system' },
} as const

/**
 * What CoreDNS's Deployment is given beside what kubeadm wrote: its two pods run on different nodes. kubeadm
 * only prefers that, and while a cluster starts there is a moment with one node that is Ready: both land there,
 * to stay, and with that node all names are gone. None for a lab of one node.
 *
 * To be applied by server-side apply: it names only the fields it is about.
 */
export function renderCoreDns(topology: Topology): KubeObject[] {
  if (nodeNames(topology).length < 2) return []
  const constraint = {
    topologyKey: 'kubernetes.io/hostname',
    maxSkew: 1,
    minDomains: 2,
    whenUnsatisfiable: 'DoNotSchedule',
    nodeTaintsPolicy: 'Honor',
    // Pods of before are not counted while they are replaced.
    matchLabelKeys: ['pod-template-hash'],
    labelSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  }
  return [{ ...CORE_DNS, spec: { template: { spec: { topologySpreadConstraints: [constraint] } } } }]
}
