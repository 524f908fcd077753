import { z } from 'zod'
import { closed } from '../../topology/issues.js'
import { label, longestName, oneOf, topologySchema, whole } from '../../topology/schema.js'

/** A node runs 110 pods at most; what the system takes of them is left out generously. */
export const podsPerNode = 90

const enabled = z.boolean({ error: 'write true or false' }).default(true)

/** A workload of the documents that a lab can do without. */
const optional = () => closed({ enabled }).prefault({})

/** One that can be left out, and runs a number of equal pods. */
const replicated = (most: number, pods: number) =>
  closed({ enabled, replicas: whole(1, most).default(pods) }).prefault({})

const workloads = closed({
  /** One master and `replicas - 1` replicas, spread evenly over all nodes. */
  redis: closed({ replicas: whole(1, podsPerNode).default(3) }).prefault({}),
  /** Web servers behind a ClusterIP and a headless service. */
  nginx: closed({ replicas: whole(1, podsPerNode).default(2) }).prefault({}),
  /** A toolbox on every node; there is nothing to choose. */
  multitool: closed({}).prefault({}),
  /** Primary and standbys behind the three services of 002, in namespace database. */
  postgres: replicated(9, 3),
  /** Brokers that are controllers too, in namespace streaming. */
  kafka: replicated(9, 3),
  /** A primary and its replicas. */
  mysql: replicated(9, 3),
  /** Servers behind a headless and a ClusterIP service, and one client that compares the two. */
  grpc: replicated(9, 3),
  /** A database on a linux node beside the cluster, and the service that gives it a name. */
  externalDatabase: optional(),
  /** The servers of 000, in namespace moon. */
  moon: optional(),
  /** web-api of 003. */
  webApi: optional(),
  /** What proofs need and health does not, in namespace fixtures. */
  fixtures: optional(),
})

/** The spec file as people write it: every field may be left out. */
export const specSchema = closed({
  apiVersion: oneOf(['headless-lab.dev/v1']).default('headless-lab.dev/v1'),
  /** Name of the lab, of the cluster and of the containerlab topology. */
  name: label(longestName).default('headless-services'),
  topology: topologySchema.omit({ name: true }).prefault({}),
  workloads: workloads.prefault({}),
  /** Debian suite the images are built from. */
  suite: oneOf(['trixie']).default('trixie'),
})

export type SpecInput = z.input<typeof specSchema>
