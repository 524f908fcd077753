import { createHash } from 'node:crypto'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { selectorLabels, workloadLabels } from '../labels.js'
import { rfc1123Problem } from '../names.js'
import { resources, restrictedContainer, restrictedPod, scratch } from '../pod-defaults.js'
import { ClusterIpService } from '../services/cluster-ip-service.js'
import { HeadlessService } from '../services/headless-service.js'
import type { ServiceProps } from '../services/service.js'
import { addRules, countRule, nameRule } from '../validation.js'
import { CONFIG_DIR, NGINX_CONFIG, NGINX_PORT, START_NGINX } from './nginx-config.js'

/** Properties of {@link Nginx}. */
export interface NginxProps {
  /**
   * Value of the pods' `app` label, and prefix of the names of all objects. A label of RFC 1035 of at most
   * 52 characters.
   * @default 'nginx'
   */
  readonly name?: string
  /**
   * Number of pods. A whole number, 0 or more.
   * @default 2
   */
  readonly replicas?: number
  /**
   * Image with nginx 1.20 or newer and sh on its PATH.
   * @default 'nginx:1.28'
   */
  readonly image?: string
  /**
   * DNS domain of the cluster.
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string
}

/**
 * The same nginx pods behind a ClusterIP and a headless Service, to compare the two. Each pod answers any
 * request with its own name.
 *
 * The pods of a Deployment have no host name in DNS: under the headless Service their names are their
 * addresses with dashes (`headless.dns.podByAddress`).
 *
 * Source: document 001 (Deployment `nginx-deployment`, Services `nginx-clusterip` and `nginx-headless`).
 *
 * Synthesis fails, with the path of the construct, on a bad name or `replicas`.
 */
export class Nginx extends Construct {
  /** `<name>-clusterip`, port `http` (80). */
  readonly clusterIp: ClusterIpService
  /** `<name>-headless`, port `http` (80). */
  readonly headless: HeadlessService
  /** `<name>-deployment`: the object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly deployment: k8s.KubeDeployment

  constructor(scope: Construct, id: string, props: NginxProps = {}) {
    super(scope, id)
    const { name = 'nginx', replicas = 2, image = 'nginx:1.28' } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'nginx', 'web')

    const service: Omit<ServiceProps, 'name'> = {
      selector,
      labels,
      ports: [{ name: 'http', port: NGINX_PORT, targetPort: 'http' }],
      ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    }
    this.clusterIp = new ClusterIpService(this, 'cluster-ip', { ...service, name: `${name}-clusterip` })
    this.headless = new HeadlessService(this, 'headless', { ...service, name: `${name}-headless` })

    const config = new k8s.KubeConfigMap(this, 'config', {
      metadata: { name: `${name}-config`, labels },
      data: { 'nginx.conf': NGINX_CONFIG },
    })
    const probe = { httpGet: { path: '/', port: k8s.IntOrString.fromString('http') }, timeoutSeconds: 2 }
    this.deployment = new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name: `${name}-deployment`, labels },
      spec: {
        replicas,
        selector: { matchLabels: selector },
        template: {
          metadata: {
            labels,
            // A changed ConfigMap alone replaces no pod; its checksum in the template does.
            annotations: { 'checksum/config': createHash('sha256').update(NGINX_CONFIG).digest('hex') },
          },
          spec: {
            ...restrictedPod,
            securityContext: {
              ...restrictedPod.securityContext,
              // Lets a user who is not root listen on port 80, in this pod's network only. Kubernetes counts it as safe.
              sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
            },
            terminationGracePeriodSeconds: 5,
            containers: [
              {
                ...restrictedContainer,
                name: 'nginx',
                image,
                command: ['sh', '-c', START_NGINX],
                ports: [{ name: 'http', containerPort: NGINX_PORT }],
                readinessProbe: { ...probe, periodSeconds: 2 },
                livenessProbe: { ...probe, periodSeconds: 10 },
                resources: resources({ cpu: '10m', memory: '32Mi', memoryLimit: '64Mi' }),
                volumeMounts: [
                  { name: 'config', mountPath: CONFIG_DIR, readOnly: true },
                  { name: 'tmp', mountPath: '/tmp' },
                ],
              },
            ],
            volumes: [{ name: 'config', configMap: { name: config.name } }, scratch('tmp')],
          },
        },
      },
    })

    addRules(
      this,
      nameRule('name', name, (value) => rfc1123Problem(value, NAME_MAX)),
      countRule('replicas', replicas, 0),
    )
  }
}

/** What leaves room for the longest suffix, `-deployment`, in a label. */
const NAME_MAX = 63 - '-deployment'.length
