import { Chart } from 'cdk8s'
import type { Construct } from 'constructs'
import { DEFAULT_CLUSTER_DOMAIN, DEFAULT_NAMESPACE } from './dns.js'
import type { Labels } from './labels.js'
import { rfc1123Problem } from './names.js'
import { addRules, nameRule } from './validation.js'
import { Multitool, type MultitoolProps } from './workloads/multitool.js'
import { Nginx, type NginxProps } from './workloads/nginx.js'
import { Redis, type RedisProps } from './workloads/redis.js'

/** Properties of {@link LabChart}. */
export interface LabChartProps {
  /**
   * Namespace of all objects; it must exist. A label of RFC 1123.
   * @default 'default'
   */
  readonly namespace?: string
  /**
   * DNS domain of the cluster.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
  /**
   * Labels of every object (not of the pods), beside its own.
   * @default - `app.kubernetes.io/part-of: headless-lab` only
   */
  readonly labels?: Labels
  /**
   * Number of nodes of the cluster, control plane included. With it the Redis pods wait for all of them rather
   * than share one.
   * @default - the nodes that are usable when a pod is scheduled
   */
  readonly nodes?: number
  /** Redis, where it differs from {@link RedisProps}' defaults. */
  readonly redis?: Pick<RedisProps, 'image' | 'replicas'>
  /** nginx, where it differs from {@link NginxProps}' defaults. */
  readonly nginx?: Pick<NginxProps, 'image' | 'replicas'>
  /** multitool, where it differs from {@link MultitoolProps}' defaults. */
  readonly multitool?: Pick<MultitoolProps, 'image'>
}

/**
 * The workloads of the default lab: Redis, nginx and multitool, under the names of document 001 so that its
 * commands work as typed.
 */
export class LabChart extends Chart {
  readonly redis: Redis
  readonly nginx: Nginx
  readonly multitool: Multitool

  constructor(scope: Construct, id: string, props: LabChartProps = {}) {
    const { namespace = DEFAULT_NAMESPACE, clusterDomain = DEFAULT_CLUSTER_DOMAIN, nodes } = props
    super(scope, id, {
      namespace,
      labels: { 'app.kubernetes.io/part-of': 'headless-lab', ...props.labels },
      disableResourceNameHashes: true,
    })
    this.redis = new Redis(this, 'redis', {
      ...props.redis,
      clusterDomain,
      ...(nodes === undefined ? {} : { minDomains: nodes }),
    })
    this.nginx = new Nginx(this, 'nginx', { ...props.nginx, clusterDomain })
    this.multitool = new Multitool(this, 'multitool', props.multitool)
    addRules(this, nameRule('namespace', namespace, rfc1123Problem))
  }
}
