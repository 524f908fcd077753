import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { selectorLabels, workloadLabels } from '../labels.js'
import { imageProblem, rfc1123Problem } from '../names.js'
import { IngressPolicy } from '../policies/ingress-policy.js'
import { addRules, nameRule } from '../validation.js'
import { TOOLBOX_IMAGE, toolbox } from './toolbox.js'

/** Properties of {@link ToolPod}. */
export interface ToolPodProps {
  /**
   * Name of the pod and of its container, and value of its `app` label. A label of RFC 1123.
   * @default 'tmp01'
   */
  readonly name?: string
  /**
   * Image with sh and the tools one wants. The default has dig, nslookup and curl, and no redis-cli.
   * @default 'wbitt/network-multitool:alpine-extra'
   */
  readonly image?: string
}

/**
 * One pod with network tools that stays: where one asks DNS from within a namespace, with `kubectl exec`. It
 * serves nothing, and nobody may connect to it. It is a plain Pod, as `kubectl run` makes it: when it is gone
 * nobody makes it anew, and to change more than its image one deletes it first.
 *
 * Source: document 000 (`tmp01`).
 *
 * Synthesis fails, with the path of the construct, on a bad name or image.
 */
export class ToolPod extends Construct {
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly pod: k8s.KubePod
  /** Who may connect. */
  readonly ingressPolicy: IngressPolicy

  constructor(scope: Construct, id: string, props: ToolPodProps = {}) {
    super(scope, id)
    const { name = 'tmp01', image = TOOLBOX_IMAGE } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'multitool', 'client')
    this.pod = new k8s.KubePod(this, 'pod', {
      metadata: { name, labels },
      spec: toolbox(name, image),
    })
    this.ingressPolicy = new IngressPolicy(this, 'ingress', { name, labels, selector, rules: [] })
    addRules(this, nameRule('name', name, rfc1123Problem), nameRule('image', image, imageProblem))
  }
}
