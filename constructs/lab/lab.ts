import { Construct } from 'constructs'
import { Kafka, type KafkaProps } from '../workloads/kafka.js'
import type { NginxProps } from '../workloads/nginx.js'
import { Nginx } from '../workloads/nginx.js'
import { Postgres, type ReplicatedPostgresProps } from '../workloads/postgres.js'
import { ToolPod, type ToolPodProps } from '../workloads/tool-pod.js'
import { DefaultChart, type DefaultChartProps } from './default-chart.js'
import { FixturesChart, type FixturesProps } from './fixtures-chart.js'
import { NamespacedChart, TOOLBOX, workloadOptions, type LabOptions } from './namespaced-chart.js'

/** Properties of {@link Lab}: each workload is there when its properties are; `{}` takes its defaults. */
export interface LabProps extends LabOptions, DefaultChartProps {
  /** Document 002, namespace `database`: `postgres`, `postgres-headless`, `postgres-primary`. */
  readonly postgres?: Pick<ReplicatedPostgresProps, 'image' | 'replicas'>
  /** Document 002, namespace `streaming`: `kafka`, `kafka-headless`. */
  readonly kafka?: Pick<KafkaProps, 'image' | 'replicas'>
  /** Document 000, namespace `moon`: Deployment `app`, `regular-svc`, `headless-svc`, and the pod `tmp01`. */
  readonly moon?: MoonProps
  /** Namespace `fixtures`: what proofs need and health does not. */
  readonly fixtures?: FixturesProps
}

/** Images of namespace `moon`, where they differ from the defaults. */
export interface MoonProps {
  /** Of `app`. */
  readonly nginx?: Pick<NginxProps, 'image'>
  /** Of `tmp01`. */
  readonly tool?: Pick<ToolPodProps, 'image'>
}

/**
 * The workloads of the four documents, one chart a namespace, under the documents' names so that their commands
 * work as typed. The pods of `multitool` may ask them all; nobody else from another namespace may.
 *
 * Secrets they need are listed by {@link requiredSecrets}.
 */
export class Lab extends Construct {
  constructor(scope: Construct, id: string, props: LabProps) {
    super(scope, id)
    const { postgres, kafka, moon, fixtures } = props
    new DefaultChart(this, props, props)
    if (postgres) new DatabaseChart(this, postgres, props)
    if (kafka) new StreamingChart(this, kafka, props)
    if (moon) new MoonChart(this, moon, props)
    if (fixtures) new FixturesChart(this, fixtures, props)
  }
}

class DatabaseChart extends NamespacedChart {
  constructor(scope: Construct, props: NonNullable<LabProps['postgres']>, options: LabOptions) {
    super(scope, 'database', options)
    new Postgres(this, 'postgres', { ...props, ...workloadOptions(options), allowFrom: [TOOLBOX] })
  }
}

class StreamingChart extends NamespacedChart {
  constructor(scope: Construct, props: NonNullable<LabProps['kafka']>, options: LabOptions) {
    super(scope, 'streaming', options)
    new Kafka(this, 'kafka', { ...props, ...workloadOptions(options), allowFrom: [TOOLBOX] })
  }
}

class MoonChart extends NamespacedChart {
  constructor(scope: Construct, props: MoonProps, options: LabOptions) {
    super(scope, 'moon', options)
    new Nginx(this, 'app', {
      ...props.nginx,
      ...(options.clusterDomain === undefined ? {} : { clusterDomain: options.clusterDomain }),
      name: 'web',
      deploymentName: 'app',
      services: { clusterIp: 'regular-svc', headless: 'headless-svc' },
      replicas: 3,
      allowFrom: [TOOLBOX],
    })
    new ToolPod(this, 'tmp01', props.tool)
  }
}
