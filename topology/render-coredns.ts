import { nodeNames, type Topology } from './model.js'
import type { KubeObject } from './render-calico.js'

/** CoreDNS's Deployment, as kubeadm makes it. */
export const CORE_DNS = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coredns', namespace: 'kube-system' },
} as const

/** As many as kubeadm asks for. Declared all the same: else none at all would be right. */
const REPLICAS = 2

/**
 * What CoreDNS's Deployment is given beside what kubeadm wrote: so many pods, and that they run on different nodes where
 * there are several. kubeadm only prefers that, and while a cluster starts there is a moment with one node that is
 * Ready: both land there, to stay, and with that node all names are gone.
 *
 * To be applied by server-side apply: it names only the fields it is about.
 */
export function renderCoreDns(topology: Topology): KubeObject[] {
  const spread = nodeNames(topology).length > 1
  const spec = {
    replicas: REPLICAS,
    ...(spread ? { template: { spec: { topologySpreadConstraints: [constraint] } } } : {}),
  }
  return [{ ...CORE_DNS, spec }]
}

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
