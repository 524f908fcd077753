import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { selectorLabels, workloadLabels } from '../labels.js'
import { imageProblem, rfc1123Problem } from '../names.js'
import { resources, restrictContainer, restrictPod } from '../pod-defaults.js'
import { IngressPolicy } from '../policies/ingress-policy.js'
import { addRules, nameRule } from '../validation.js'
import { STAY } from './stay.js'

/** Properties of {@link GrpcClient}. */
export interface GrpcClientProps {
  /**
   * Name of the Deployment, and value of the pod's `app` label. A label of RFC 1123.
   * @default 'grpc-client'
   */
  readonly name?: string
  /**
   * Image with a client, and sh. There is no official one; images/grpc has what one can be made of, with the
   * program `grpc-client`.
   */
  readonly image: string
}

/**
 * A pod to call gRPC servers from. It stays, and calls nobody by itself: one runs the client in it, such as
 * `kubectl exec deploy/grpc-client -- grpc-client grpc-backend --requests 90 --json`, which prints how many calls
 * each pod answered.
 *
 * Nobody may connect to it.
 *
 * Source: document 003 ("Client-Side Load Balancing").
 *
 * Synthesis fails, with the path of the construct, on a bad name or image.
 */
export class GrpcClient extends Construct {
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly deployment: k8s.KubeDeployment
  /** Who may connect. */
  readonly ingressPolicy: IngressPolicy

  constructor(scope: Construct, id: string, props: GrpcClientProps) {
    super(scope, id)
    const { name = 'grpc-client', image } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'grpc', 'client')
    this.deployment = new k8s.KubeDeployment(this, 'deployment', {
      metadata: { name, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: { ...selector } },
        template: {
          metadata: { labels },
          spec: restrictPod({
            terminationGracePeriodSeconds: 5,
            containers: [
              restrictContainer({
                name: 'grpc-client',
                image,
                command: ['sh', '-c', STAY],
                resources: resources({ cpu: '10m', memory: '64Mi', memoryLimit: '128Mi' }),
              }),
            ],
          }),
        },
      },
    })
    this.ingressPolicy = new IngressPolicy(this, 'ingress', { name, labels, selector, rules: [] })
    addRules(this, nameRule('name', name, rfc1123Problem), nameRule('image', image, imageProblem))
  }
}
