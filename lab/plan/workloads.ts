import type { KubernetesObject } from '@kubernetes/client-node'
import { ApiObject, App } from 'cdk8s'
import { Lab, type LabProps } from '../../constructs/index.js'
import { nodeNames } from '../../topology/index.js'
import { workloadImages as images } from '../artifacts/versions.js'
import { LAB_LABEL } from '../cluster/lab-label.js'
import type { Spec } from '../spec/index.js'

/** Labels of every object of a lab, beside its own. */
export const labLabels = (spec: Pick<Spec, 'name'>): Record<string, string> => ({
  'app.kubernetes.io/part-of': 'headless-lab',
  [LAB_LABEL]: spec.name,
})

/**
 * The workloads of a lab as a cdk8s app, of the images that are in its nodes. Pure.
 *
 * @param externalAddresses see `Plan.manifests`
 */
export function workloadsApp(spec: Spec, externalAddresses: readonly string[] | undefined): App {
  const app = new App()
  new Lab(app, 'lab', {
    clusterDomain: spec.topology.clusterDomain,
    nodes: nodeNames(spec.topology).length,
    labels: labLabels(spec),
    ...always(spec),
    ...chosen(spec),
    ...(spec.workloads.externalDatabase.enabled && externalAddresses !== undefined
      ? { externalDatabase: { addresses: externalAddresses } }
      : {}),
  })
  return app
}

/** The objects of an app, those of one chart after the other. `Chart.toJson` validates the whole app for each chart. */
export function synthesised(app: App): KubernetesObject[] {
  const problems = app.node
    .findAll()
    .flatMap(({ node }) => node.validate().map((problem) => `[${node.path}] ${problem}`))
  if (problems.length > 0) throw new Error(`the workloads cannot be:\n  ${problems.join('\n  ')}`)
  return app.charts.flatMap((chart) =>
    chart.node
      .findAll()
      .filter((one) => ApiObject.isApiObject(one))
      .map((object) => object.toJson() as KubernetesObject),
  )
}

const always = ({ workloads: { redis, nginx } }: Spec): LabProps => ({
  redis: { image: images.redis, replicas: redis.replicas },
  nginx: { image: images.nginx, replicas: nginx.replicas },
  multitool: { image: images.multitool },
})

function chosen({ workloads }: Spec): LabProps {
  const { postgres, kafka, mysql, grpc, moon, webApi, fixtures } = workloads
  const nginx = { image: images.nginx }
  return {
    ...(postgres.enabled && { postgres: { image: images.postgres, replicas: postgres.replicas } }),
    ...(kafka.enabled && { kafka: { image: images.kafka, replicas: kafka.replicas } }),
    ...(mysql.enabled && {
      mysql: { flavour: 'mariadb', image: images.mariadb, replicas: mysql.replicas },
    }),
    ...(grpc.enabled && { grpc: { image: images.grpc, replicas: grpc.replicas } }),
    ...(webApi.enabled && { webApi: nginx }),
    ...(moon.enabled && { moon: { nginx, tool: { image: images.multitool } } }),
    ...(fixtures.enabled && { fixtures: { nginx, image: images.multitool } }),
  }
}
