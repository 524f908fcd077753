/** Why claims about Calico do not apply. */
export const NO_CALICO = 'the cluster has no Calico that keeps its data in it'
export const NO_POOLS = 'Calico has no IP pools here, another CNI gives the addresses'
export const NO_BLOCKS = "addresses come from another IPAM than Calico's"
export const ONE_NODE = 'the cluster has one node only'
