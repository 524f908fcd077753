import { createHash } from 'node:crypto'
import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { selectorLabels, workloadLabels, type Labels } from '../labels.js'
import { imageProblem, rfc1123Problem } from '../names.js'
import { LIVENESS, resources, restrictContainer, restrictPod, scratch } from '../pod-defaults.js'
import { IngressPolicy, OWN_NAMESPACE, type Peer } from '../policies/ingress-policy.js'
import { ClusterIpService } from '../services/cluster-ip-service.js'
import { HeadlessService } from '../services/headless-service.js'
import type { ServiceProps } from '../services/service.js'
import { addRules, countRule, nameRule } from '../validation.js'
import { CONFIG_DIR, nginxConfig, startNginx } from './nginx-config.js'

/** The Services in front of an {@link Nginx}, by name; one that is not named is not made. */
export interface NginxServices {
  /** Name of the one with a virtual address: a label of RFC 1035. */
  readonly clusterIp?: string
  /** Name of the headless one: a label of RFC 1035. */
  readonly headless?: string
}

/** Properties of {@link Nginx}. */
export interface NginxProps {
  /**
   * Value of the pods' `app` label, name of the NetworkPolicy, and prefix of the names of all other objects
   * that are given none. A label of RFC 1035 of at most 52 characters.
   * @default 'nginx'
   */
  readonly name?: string
  /**
   * Name of the Deployment: a label of RFC 1123.
   * @default '<name>-deployment'
   */
  readonly deploymentName?: string
  /**
   * The Services in front of it, which clients reach on port 80.
   * @default - both: '<name>-clusterip' and '<name>-headless'
   */
  readonly services?: NginxServices
  /**
   * Port that nginx listens on, 1 to 65535.
   * @default 80
   */
  readonly containerPort?: number
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
   * Who may connect, beside the pods of the namespace.
   * @default - nobody
   */
  readonly allowFrom?: readonly Peer[]
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
 * addresses with dashes (`headless.dns.podByAddress`). A headless Service has no proxy: there clients connect to
 * the container's port.
 *
 * Source: document 001 (Deployment `nginx-deployment`, Services `nginx-clusterip` and `nginx-headless`); 000
 * (Deployment `app`, Services `regular-svc` and `headless-svc`, whose `targetPort` 8080 nobody listens on); 003
 * (Service `web-api`, 80 to 8080).
 *
 * Synthesis fails, with the path of the construct, on a bad name, `replicas`, image or port.
 */
export class Nginx extends Construct {
  /** The labels that select its pods, for Services of your own. */
  readonly selector: Labels
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly deployment: k8s.KubeDeployment
  /** Who may connect. */
  readonly ingressPolicy: IngressPolicy
  private readonly made: { readonly clusterIp?: ClusterIpService; readonly headless?: HeadlessService }

  constructor(scope: Construct, id: string, props: NginxProps = {}) {
    super(scope, id)
    const { name = 'nginx', replicas = 2, image = 'nginx:1.28', containerPort = 80 } = props
    const { deploymentName = `${name}-deployment` } = props
    const { services = { clusterIp: `${name}-clusterip`, headless: `${name}-headless` } } = props
    this.selector = selectorLabels(name)
    const labels = workloadLabels(name, 'nginx', 'web')

    const service: Omit<ServiceProps, 'name'> = {
      selector: this.selector,
      labels,
      ports: [{ name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' }],
      ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    }
    const { clusterIp, headless } = services
    this.made = {
      ...(clusterIp === undefined
        ? {}
        : { clusterIp: new ClusterIpService(this, 'cluster-ip', { ...service, name: clusterIp }) }),
      ...(headless === undefined
        ? {}
        : { headless: new HeadlessService(this, 'headless', { ...service, name: headless }) }),
    }

    const text = nginxConfig(containerPort)
    const config = new k8s.KubeConfigMap(this, 'config', {
      metadata: { name: `${name}-config`, labels },
      data: { 'nginx.conf': text },
    })
    const probe = { httpGet: { path: '/', port: k8s.IntOrString.fromString('http') }, timeoutSeconds: 2 }
    this.deployment = new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name: deploymentName, labels },
      spec: {
        replicas,
        selector: { matchLabels: { ...this.selector } },
        template: {
          metadata: {
            labels,
            // A changed ConfigMap alone replaces no pod; its checksum in the template does.
            annotations: { 'checksum/config': createHash('sha256').update(text).digest('hex') },
          },
          spec: restrictPod({
            ...(containerPort < UNPRIVILEGED ? { securityContext: { sysctls: [ANY_PORT] } } : {}),
            terminationGracePeriodSeconds: 5,
            containers: [
              restrictContainer({
                name: 'nginx',
                image,
                command: ['sh', '-c', startNginx(containerPort)],
                ports: [{ name: 'http', containerPort }],
                readinessProbe: { ...probe, periodSeconds: 2 },
                livenessProbe: { ...probe, ...LIVENESS },
                resources: resources({ cpu: '10m', memory: '32Mi', memoryLimit: '64Mi' }),
                volumeMounts: [
                  { name: 'config', mountPath: CONFIG_DIR, readOnly: true },
                  { name: 'tmp', mountPath: '/tmp' },
                ],
              }),
            ],
            volumes: [{ name: 'config', configMap: { name: config.name } }, scratch('tmp')],
          }),
        },
      },
    })
    this.ingressPolicy = new IngressPolicy(this, 'ingress', {
      name,
      labels,
      selector: this.selector,
      rules: [{ from: [OWN_NAMESPACE, ...(props.allowFrom ?? [])], ports: [containerPort] }],
    })

    addRules(
      this,
      nameRule('name', name, (value) => rfc1123Problem(value, NAME_MAX)),
      nameRule('deploymentName', deploymentName, rfc1123Problem),
      nameRule('image', image, imageProblem),
      countRule('replicas', replicas, 0),
    )
  }

  /**
   * The Service with a virtual address, port `http` (80).
   * @throws RangeError when `services` names none.
   */
  get clusterIp(): ClusterIpService {
    return this.made.clusterIp ?? this.none('clusterIp')
  }

  /**
   * The headless Service, port `http` (80).
   * @throws RangeError when `services` names none.
   */
  get headless(): HeadlessService {
    return this.made.headless ?? this.none('headless')
  }

  private none(kind: keyof NginxServices): never {
    throw new RangeError(`${this.node.path}: services names no ${kind}`)
  }
}

/** What leaves room for the longest suffix, `-deployment`, in a label. */
const NAME_MAX = 63 - '-deployment'.length

/** The first port that every user may listen on. */
const UNPRIVILEGED = 1024

/** Lets a user who is not root listen on lower ports too, in this pod's network only. Kubernetes counts it as safe. */
const ANY_PORT: k8s.Sysctl = { name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }
