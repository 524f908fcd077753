import type { Construct } from 'constructs'
import { Credentials } from '../credentials.js'
import { DEFAULT_NAMESPACE } from '../dns.js'
import { workloadLabels } from '../labels.js'
import { ExternalService } from '../services/external-service.js'
import { GrpcBackend, type GrpcBackendProps } from '../workloads/grpc.js'
import { GrpcClient } from '../workloads/grpc-client.js'
import { Multitool, type MultitoolProps } from '../workloads/multitool.js'
import { Mysql, type MysqlProps } from '../workloads/mysql.js'
import { Nginx, type NginxProps } from '../workloads/nginx.js'
import { Redis, type RedisProps } from '../workloads/redis.js'
import { NamespacedChart, workloadOptions, type LabOptions } from './namespaced-chart.js'

/** The workloads of namespace `default`: each is there when its properties are. */
export interface DefaultChartProps {
  /** Document 001: `redis`, `redis-headless`. */
  readonly redis?: Pick<RedisProps, 'image' | 'replicas'>
  /** Document 001: `nginx-deployment`, `nginx-clusterip`, `nginx-headless`. */
  readonly nginx?: Pick<NginxProps, 'image' | 'replicas'>
  /** Document 001: `multitool` on every node. */
  readonly multitool?: Pick<MultitoolProps, 'image'>
  /** Document 003: `web-api`, a ClusterIP Service from port 80 to 8080. */
  readonly webApi?: Pick<NginxProps, 'image' | 'replicas'>
  /** Document 003: `mysql`, `mysql-headless`. */
  readonly mysql?: Pick<MysqlProps, 'image' | 'replicas' | 'flavour'>
  /** Document 003: `grpc-backend`, and a client beside it. */
  readonly grpc?: Pick<GrpcBackendProps, 'image' | 'replicas'>
  /** Document 003: `external-db`, a name for a database outside of the cluster. */
  readonly externalDatabase?: ExternalDatabaseProps
}

/** Where the external database is. */
export interface ExternalDatabaseProps {
  /** Its addresses; none while they are not known. */
  readonly addresses: readonly string[]
}

/** The Secret that the external database's password for the role `app` is in. */
export const EXTERNAL_DATABASE_SECRET = {
  /** Its name, in namespace `default`. */
  name: 'external-db-secret',
  /** The key of the password. */
  key: 'password',
} as const

/** Namespace `default`: documents 001 and 003, under their names so that their commands work as typed. */
export class DefaultChart extends NamespacedChart {
  constructor(scope: Construct, props: DefaultChartProps, options: LabOptions) {
    super(scope, DEFAULT_NAMESPACE, options)
    const { clusterDomain, minDomains } = workloadOptions(options)
    const domain = clusterDomain === undefined ? {} : { clusterDomain }
    const spread = minDomains === undefined ? domain : { ...domain, minDomains }
    const { redis, nginx, multitool, webApi, mysql, grpc, externalDatabase } = props

    if (redis) new Redis(this, 'redis', { ...redis, ...spread })
    if (nginx) new Nginx(this, 'nginx', { ...nginx, ...domain })
    if (multitool) new Multitool(this, 'multitool', multitool)
    if (webApi) {
      new Nginx(this, 'web-api', {
        ...webApi,
        ...domain,
        name: 'web-api',
        deploymentName: 'web-api',
        services: { clusterIp: 'web-api' },
        containerPort: 8080,
      })
    }
    if (mysql) new Mysql(this, 'mysql', { ...mysql, ...spread })
    if (grpc) {
      new GrpcBackend(this, 'grpc-backend', { ...grpc, ...domain })
      new GrpcClient(this, 'grpc-client', { image: grpc.image })
    }
    if (externalDatabase) {
      new Credentials(this, 'external-db-credentials', {
        name: EXTERNAL_DATABASE_SECRET.name,
        keys: [EXTERNAL_DATABASE_SECRET.key],
      })
      new ExternalService(this, 'external-db', {
        name: 'external-db',
        labels: workloadLabels('external-db', 'postgres', 'database'),
        addresses: externalDatabase.addresses,
        ports: [{ name: 'postgresql', port: 5432 }],
        ...domain,
      })
    }
  }
}
