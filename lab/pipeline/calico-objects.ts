import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { renderCalico, renderCoreDns, type Topology } from '../../topology/index.js'

/** What is applied for the network: Calico by its release's own manifest, and how CoreDNS is to be spread. */
export async function calicoObjects(folder: string, topology: Topology): Promise<KubernetesObject[]> {
  const manifest = await readFile(join(folder, 'calico-vxlan.yaml'), 'utf8')
  return [...renderCalico(manifest, topology), ...renderCoreDns(topology)] as KubernetesObject[]
}
