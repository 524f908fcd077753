import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { selectorLabels, workloadLabels } from '../labels.js'
import { imageProblem, rfc1123Problem } from '../names.js'
import { LIVENESS, resources, restrictContainer, restrictPod } from '../pod-defaults.js'
import { IngressPolicy, OWN_NAMESPACE, type Peer } from '../policies/ingress-policy.js'
import { spreadOverNodes } from '../scheduling.js'
import type { ClusterIpService } from '../services/cluster-ip-service.js'
import type { HeadlessService } from '../services/headless-service.js'
import { ServicePair } from '../services/service-pair.js'
import { addRules, countRule, nameRule } from '../validation.js'

/** Port of gRPC's own examples, and of document 003. */
const GRPC_PORT = 50051

/** Properties of {@link GrpcBackend}. */
export interface GrpcBackendProps {
  /**
   * Name of the Deployment and of the headless Service, value of the pods' `app` label, and prefix of the other
   * Service's name. A label of RFC 1035 of at most 53 characters.
   * @default 'grpc-backend'
   */
  readonly name?: string
  /**
   * Image with the server. There is no official one; images/grpc has what one can be made of.
   */
  readonly image: string
  /**
   * The server: it listens on port 50051, without TLS, as any user, writes no file, and answers health checks
   * (`grpc.health.v1.Health`, for the service `''`).
   * @default ['grpc-server'], of images/grpc
   */
  readonly command?: readonly string[]
  /**
   * Number of pods. A whole number, 0 or more.
   * @default 3
   */
  readonly replicas?: number
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
 * The same gRPC servers behind a headless and a ClusterIP Service, to compare the two. gRPC makes all calls
 * over connections that live long, and kube-proxy balances connections, not calls: through the virtual address
 * one client's calls all reach one pod. Through the headless name a client that balances by itself
 * (`round_robin` over `dns:///`) has a connection to each pod, and its calls spread.
 *
 * Source: document 003 ("Client-Side Load Balancing", Service `grpc-backend`).
 *
 * Synthesis fails, with the path of the construct, on a bad name, `replicas` or image, and on an empty command.
 */
export class GrpcBackend extends Construct {
  /** `<name>`, port `grpc` (50051). */
  readonly headless: HeadlessService
  /** `<name>-clusterip`, port `grpc` (50051). */
  readonly clusterIp: ClusterIpService
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly deployment: k8s.KubeDeployment
  /** Who may connect. */
  readonly ingressPolicy: IngressPolicy

  constructor(scope: Construct, id: string, props: GrpcBackendProps) {
    super(scope, id)
    const { name = 'grpc-backend', replicas = 3, command = ['grpc-server'] } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'grpc', 'backend')

    const { headless, clusterIp } = new ServicePair(this, 'services', {
      name,
      selector,
      labels,
      // The standard name for HTTP/2 without TLS, which is what gRPC is on the wire; "grpc" is in no registry.
      ports: [{ name: 'grpc', port: GRPC_PORT, targetPort: 'grpc', appProtocol: 'kubernetes.io/h2c' }],
      headless: { name },
      clusterIp: { name: `${name}-clusterip` },
      ...(props.clusterDomain === undefined ? {} : { clusterDomain: props.clusterDomain }),
    })
    this.headless = headless
    this.clusterIp = clusterIp

    const probe = { grpc: { port: GRPC_PORT }, timeoutSeconds: 2 }
    this.deployment = new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name, labels },
      spec: {
        replicas,
        selector: { matchLabels: { ...selector } },
        template: {
          metadata: { labels },
          spec: restrictPod({
            // Calls have 5 seconds to finish.
            terminationGracePeriodSeconds: 10,
            topologySpreadConstraints: [spreadOverNodes(selector, undefined, 'ScheduleAnyway')],
            containers: [
              restrictContainer({
                name: 'grpc-server',
                image: props.image,
                command: [...command],
                ports: [{ name: 'grpc', containerPort: GRPC_PORT }],
                readinessProbe: { ...probe, periodSeconds: 2 },
                livenessProbe: { ...probe, ...LIVENESS },
                resources: resources({ cpu: '25m', memory: '64Mi', memoryLimit: '128Mi' }),
              }),
            ],
          }),
        },
      },
    })
    this.ingressPolicy = new IngressPolicy(this, 'ingress', {
      name,
      labels,
      selector,
      rules: [{ from: [OWN_NAMESPACE, ...(props.allowFrom ?? [])], ports: [GRPC_PORT] }],
    })

    addRules(
      this,
      nameRule('name', name, (value) => rfc1123Problem(value, NAME_MAX)),
      countRule('replicas', replicas, 0),
      nameRule('image', props.image, imageProblem),
      () => (command.length === 0 ? 'command is empty; the entrypoint of the image is not used' : undefined),
    )
  }
}

/** What leaves room for the suffix of a Service, `-clusterip`. */
const NAME_MAX = 63 - '-clusterip'.length
