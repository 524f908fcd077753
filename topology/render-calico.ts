import { parseAllDocuments } from 'yaml'
import { families, nodeNames, type Encapsulation, type IpPool, type Topology } from './model.js'

/** A Kubernetes object as plain data. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** A manifest that is not what the settings were written for. `missing` names what was not found in it. */
export class CalicoManifestError extends Error {
  override readonly name = 'CalicoManifestError'
  constructor(readonly missing: readonly string[]) {
    super(`the Calico manifest is not as expected: ${missing.join('; ')}`)
  }
}

/**
 * The objects of a Calico release manifest (calico-vxlan.yaml) with the topology's settings, in the order to
 * apply them: custom resource definitions, then IP pools and the API server's address, then what uses them (so
 * Felix starts once, with its pools). The pools are objects of their own and calico-node makes none (`NO_DEFAULT_POOLS`): its own default
 * pool has a fixed name, only one a family, and is not made at all where another pool of the family exists.
 * @param manifest - text of the multi-document YAML file
 * @throws CalicoManifestError naming everything that was not found, so that a changed manifest never passes silently
 */
export function renderCalico(manifest: string, topology: Topology): KubeObject[] {
  const missing: string[] = []
  const objects = readManifest(manifest, missing)
  const find = (kind: string, name: string): KubeObject | undefined => {
    const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
    if (!found) missing.push(`no ${kind} ${name}`)
    return found
  }
  find('CustomResourceDefinition', 'ippools.crd.projectcalico.org')
  const config = find('ConfigMap', 'calico-config')
  const daemon = find('DaemonSet', 'calico-node')
  const controllers = find('Deployment', 'calico-kube-controllers')
  if (config) setNetworkConfig(config, topology, missing)
  if (daemon) {
    setEnvironment(daemon, topology, missing)
    setImages(daemon, topology, missing)
    readsApiAddress(daemon, missing)
  }
  if (controllers) setImages(controllers, topology, missing)
  if (missing.length > 0) throw new CalicoManifestError(missing)
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition')
  return [
    ...definitions,
    ...topology.pools.map(poolObject),
    apiAddress(topology),
    ...objects.filter((object) => !definitions.includes(object)),
  ]
}

function readManifest(manifest: string, missing: string[]): KubeObject[] {
  return parseAllDocuments(manifest).flatMap((document): KubeObject[] => {
    const error = document.errors[0]
    if (error) {
      missing.push(`no YAML: ${error.message.split('\n')[0] ?? ''}`)
      return []
    }
    const value: unknown = document.toJS()
    return value === null ? [] : [value as KubeObject]
  })
}

const vxlanModes: Record<Encapsulation, string> = {
  VXLAN: 'Always',
  VXLANCrossSubnet: 'CrossSubnet',
  None: 'Never',
}

/** Every field is written: what is left out is defaulted by some of Calico's parts and not by others. */
const poolObject = (pool: IpPool): KubeObject => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'IPPool',
  metadata: { name: pool.name },
  spec: {
    cidr: pool.cidr,
    blockSize: pool.blockSize,
    ipipMode: 'Never',
    vxlanMode: vxlanModes[pool.encapsulation],
    natOutgoing: pool.natOutgoing,
    nodeSelector: pool.nodeSelector,
    allowedUses: ['Workload', 'Tunnel'],
  },
})

/** The ConfigMap that the manifest's containers on the host's network read, where there is one. */
const API_ADDRESS = 'kubernetes-services-endpoint'

/**
 * The API server at its node instead of at its ClusterIP: kube-proxy may not have written that one's rules when
 * Calico is installed, and install-cni ends with an error then.
 */
const apiAddress = (topology: Topology): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: API_ADDRESS, namespace: 'kube-system' },
  data: { KUBERNETES_SERVICE_HOST: nodeNames(topology)[0], KUBERNETES_SERVICE_PORT: '6443' },
})

function readsApiAddress(daemon: KubeObject, missing: string[]): void {
  const { initContainers = [], containers = [] } = podSpec(daemon)
  const readers = [...initContainers, ...containers]
    .filter(({ envFrom }) => envFrom?.some(({ configMapRef }) => configMapRef?.name === API_ADDRESS))
    .map(({ name }) => name)
  missing.push(
    ...['install-cni', 'calico-node']
      .filter((name) => !readers.includes(name))
      .map((name) => `container ${name} does not read ConfigMap ${API_ADDRESS} in DaemonSet calico-node`),
  )
}

/** The families pods get an address of. */
function setNetworkConfig(config: KubeObject, topology: Topology, missing: string[]): void {
  const { data } = config as unknown as { data?: Record<string, string> }
  if (data?.['calico_backend'] !== 'vxlan')
    missing.push('no calico_backend "vxlan" in ConfigMap calico-config')
  // The file is JSON but for one number that the installer puts in on each node.
  const placeholder = /(?<="mtu": )__CNI_MTU__(?=,)/
  const text = data?.['cni_network_config'] ?? ''
  const network = parseJson(text.replace(placeholder, '"$&"')) as
    { plugins?: { type?: string; ipam?: Record<string, unknown> }[] } | undefined
  const ipam = network?.plugins?.find(({ type }) => type === 'calico')?.ipam
  if (!data || ipam?.['type'] !== 'calico-ipam' || !placeholder.test(text)) {
    missing.push(
      'no cni_network_config with calico-ipam and an mtu of __CNI_MTU__ in ConfigMap calico-config',
    )
    return
  }
  const present = families(topology.ipFamily)
  ipam['assign_ipv4'] = String(present.includes(4))
  ipam['assign_ipv6'] = String(present.includes(6))
  data['cni_network_config'] = JSON.stringify(network, undefined, 2).replace('"__CNI_MTU__"', '__CNI_MTU__')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Container {
  name?: string
  image?: string
  imagePullPolicy?: string
  env?: { name: string; value?: string; valueFrom?: unknown }[]
  envFrom?: { configMapRef?: { name?: string } }[]
}

interface PodSpec {
  initContainers?: Container[]
  containers?: Container[]
}

const podSpec = (object: KubeObject): PodSpec =>
  (object as unknown as { spec?: { template?: { spec?: PodSpec } } }).spec?.template?.spec ?? {}

/** Variables of the manifest that are replaced: were one renamed, ours would have no effect. */
const known = [
  'IP',
  'FELIX_IPV6SUPPORT',
  'CALICO_IPV4POOL_IPIP',
  'CALICO_IPV4POOL_VXLAN',
  'CALICO_IPV6POOL_VXLAN',
]

function setEnvironment(daemon: KubeObject, topology: Topology, missing: string[]): void {
  const container = podSpec(daemon).containers?.find(({ name }) => name === 'calico-node')
  if (!container?.env) {
    missing.push('no container calico-node with variables in DaemonSet calico-node')
    return
  }
  const names = new Set(container.env.map(({ name }) => name))
  missing.push(
    ...known.filter((name) => !names.has(name)).map((name) => `no variable ${name} in DaemonSet calico-node`),
  )
  const settings = environment(topology)
  container.env = [
    // The pools are objects, so the variables about calico-node's own pool go.
    ...container.env.filter(({ name }) => !(name in settings) && !/^CALICO_IPV[46]POOL_/.test(name)),
    ...Object.entries(settings).map(([name, value]) => ({ name, value })),
  ]
}

function environment(topology: Topology): Record<string, string> {
  const present = families(topology.ipFamily)
  const detect = (family: 4 | 6): string => (present.includes(family) ? 'autodetect' : 'none')
  return {
    NO_DEFAULT_POOLS: 'true',
    IP: detect(4),
    IP6: detect(6),
    FELIX_IPV6SUPPORT: String(present.includes(6)),
    // Built without cgo, Felix has no eBPF: it must neither use it nor try to clean up after it.
    FELIX_BPFENABLED: 'false',
    FELIX_XDPENABLED: 'false',
    FELIX_DEBUGSKIPCTLBCLEANUP: 'true',
  }
}

/** The images are in the nodes already, under the names of this very version. */
function setImages(object: KubeObject, topology: Topology, missing: string[]): void {
  const { initContainers = [], containers = [] } = podSpec(object)
  const all = [...initContainers, ...containers]
  if (all.length === 0) missing.push(`no containers in ${object.kind} ${object.metadata.name}`)
  for (const container of all) {
    container.imagePullPolicy = 'IfNotPresent'
    if (container.image?.endsWith(`:${topology.calicoVersion}`)) continue
    missing.push(
      `no image of ${topology.calicoVersion} but ${container.image ?? 'none'} in ${object.kind} ${object.metadata.name}`,
    )
  }
}
