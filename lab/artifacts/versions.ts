/**
 * What the recipes make, by version. The Go modules are pinned in images/<name>/go.mod and go.sum, the npm
 * packages in images/grpc/package-lock.json, the jars in images/kafka/pom.xml and libs.sha256, the image tags in
 * images/system/images.json; unit tests hold these against them.
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
  postgres: '17',
  mariadb: '11.8',
  /** Of @grpc/grpc-js, the package that server and client are made with. */
  grpc: '1.14',
  kafka: '4.1.0',
} as const

/** Names of the workload images inside the nodes. */
export const workloadImages = {
  redis: `docker.io/headless-lab/redis:${versions.redis}`,
  nginx: `docker.io/headless-lab/nginx:${versions.nginx}`,
  multitool: `docker.io/headless-lab/multitool:${versions.multitool}`,
  postgres: `docker.io/headless-lab/postgres:${versions.postgres}`,
  mariadb: `docker.io/headless-lab/mariadb:${versions.mariadb}`,
  grpc: `docker.io/headless-lab/grpc:${versions.grpc}`,
  kafka: `docker.io/headless-lab/kafka:${versions.kafka}`,
} as const
