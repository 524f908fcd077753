import { k8s } from 'cdk8s-plus-28'
import type { Construct } from 'constructs'
import { selectorLabels, workloadLabels, type Labels } from '../labels.js'
import { imageProblem } from '../names.js'
import { resources, restrictContainer, restrictPod } from '../pod-defaults.js'
import { ClusterIpService } from '../services/cluster-ip-service.js'
import { ExternalService } from '../services/external-service.js'
import { HeadlessService } from '../services/headless-service.js'
import type { ServiceProps } from '../services/service.js'
import { addRules, nameRule } from '../validation.js'
import { Nginx, type NginxProps } from '../workloads/nginx.js'
import { STAY } from '../workloads/stay.js'
import { NamespacedChart, TOOLBOX, type LabOptions } from './namespaced-chart.js'

/** Images of the fixtures, where they differ from the defaults. */
export interface FixturesProps {
  /** Of what answers. */
  readonly nginx?: Pick<NginxProps, 'image'>
  /** Image with sh, for a pod that does nothing. @default 'busybox:1.37' */
  readonly image?: string
}

/** Label of a pod that is there to be never ready: neither a rollout nor an explanation speaks of it. */
export const HEALTH_IGNORED: Labels = { 'headless-lab.dev/health': 'ignored' }

/** An answer of this many addresses does not fit into a UDP message, not even with EDNS (4096 octets). */
const MANY = 400

/**
 * What proofs need and health does not: it is outside of "all pods Ready".
 *
 * - `never-ready`: a pod that never is, behind a headless Service that leaves it out and
 *   `never-ready-published`, which does not;
 * - `no-endpoints`: a ClusterIP Service without a selector, and without slices;
 * - `sticky`: one with session affinity;
 * - `many`: a name for 400 addresses (of RFC 2544's range, where nothing is), for answers that need TCP.
 */
export class FixturesChart extends NamespacedChart {
  constructor(scope: Construct, props: FixturesProps, options: LabOptions) {
    super(scope, 'fixtures', options)
    const { clusterDomain } = options
    const { image = 'busybox:1.37' } = props
    const domain = clusterDomain === undefined ? {} : { clusterDomain }

    const labels = workloadLabels('never-ready', 'never-ready', 'fixture')
    new k8s.KubePod(this, 'never-ready', {
      metadata: { name: 'never-ready', labels: { ...labels, ...HEALTH_IGNORED } },
      spec: restrictPod({
        terminationGracePeriodSeconds: 5,
        containers: [
          restrictContainer({
            name: 'never-ready',
            image,
            command: ['sh', '-c', STAY],
            ports: [{ name: 'http', containerPort: 80 }],
            readinessProbe: { exec: { command: ['false'] }, periodSeconds: 60 },
            resources: resources({ cpu: '5m', memory: '8Mi', memoryLimit: '32Mi' }),
          }),
        ],
      }),
    })
    const neverReady: Omit<ServiceProps, 'name'> = {
      selector: selectorLabels('never-ready'),
      labels,
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      ...domain,
    }
    new HeadlessService(this, 'left-out', { ...neverReady, name: 'never-ready' })
    new HeadlessService(this, 'published', {
      ...neverReady,
      name: 'never-ready-published',
      publishNotReadyAddresses: true,
    })

    // Not one of our Services: they refuse to select nothing.
    new k8s.KubeService(this, 'no-endpoints', {
      metadata: { name: 'no-endpoints' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    })

    const sticky = new Nginx(this, 'sticky', {
      ...props.nginx,
      name: 'sticky',
      deploymentName: 'sticky',
      services: {},
      allowFrom: [TOOLBOX],
    })
    new ClusterIpService(this, 'sticky-service', {
      name: 'sticky',
      selector: sticky.selector,
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      sessionAffinity: 'ClientIP',
      ...domain,
    })

    new ExternalService(this, 'many', {
      name: 'many',
      addresses: Array.from({ length: MANY }, (_, i) => `198.18.${Math.floor(i / 200)}.${(i % 200) + 1}`),
      ports: [{ name: 'http', port: 80 }],
      ...domain,
    })

    addRules(this, nameRule('image', image, imageProblem))
  }
}
