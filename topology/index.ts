export {
  findClashes,
  freeNodesSubnet,
  type Clash,
  type DockerNetwork,
  type HostNetworks,
  type HostRoute,
} from './clashes.js'
export { type Issue } from './issues.js'
export {
  families,
  nodeNames,
  type Encapsulation,
  type IpFamily,
  type IpPool,
  type KubeProxyMode,
  type LinuxNode,
  type Topology,
} from './model.js'
export { parseTopology, topologySchema, type ParsedTopology, type TopologyInput } from './parse.js'
export { CalicoManifestError, renderCalico, type KubeObject } from './render-calico.js'
export { CORE_DNS, renderCoreDns } from './render-coredns.js'
export {
  linuxContainerName,
  nodesNetwork,
  renderContainerlab,
  type ContainerlabOptions,
} from './render-containerlab.js'
export { renderKindConfig, type KindImageTags } from './render-kind.js'
