/**
 * What the recipes make, by version. The Go modules are pinned in images/<name>/go.mod and go.sum, the image
 * tags in images/system/images.json; a unit test holds these against them.
 */
export const versions = {
  /** Debian release that images are made of. */
  suite: 'trixie',
  kubernetes: 'v1.34.4',
  etcd: '3.6.16',
  /** Tag that kubeadm is told to ask for. */
  etcdImageTag: '3.6.16-0',
  coredns: 'v1.12.4',
  pause: '3.10.1',
  calico: 'v3.28.5',
  containerlab: '0.60.0',
  localPathProvisioner: 'v0.0.30',
  /** Upstream versions of the Debian packages (trixie). */
  redis: '8.0',
  nginx: '1.26',
  multitool: '1.0',
} as const

/** Names of the workload images inside the nodes. */
export const workloadImages = {
  redis: `docker.io/headless-lab/redis:${versions.redis}`,
  nginx: `docker.io/headless-lab/nginx:${versions.nginx}`,
  multitool: `docker.io/headless-lab/multitool:${versions.multitool}`,
} as const
