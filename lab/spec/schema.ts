import { z } from 'zod'
import { closed } from '../../topology/issues.js'
import { label, longestName, oneOf, topologySchema, whole } from '../../topology/schema.js'

/** A node runs 110 pods at most; what the system takes of them is left out generously. */
export const podsPerNode = 90

const workloads = closed({
  /** One master and `replicas - 1` replicas, spread evenly over all nodes. */
  redis: closed({ replicas: whole(1, podsPerNode).default(3) }).prefault({}),
  /** Web servers behind a ClusterIP and a headless service. */
  nginx: closed({ replicas: whole(1, podsPerNode).default(2) }).prefault({}),
  /** A toolbox on every node; there is nothing to choose. */
  multitool: closed({}).prefault({}),
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
