import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { selectorLabels, workloadLabels } from '../labels.js'
import { imageProblem, rfc1123Problem } from '../names.js'
import { IngressPolicy } from '../policies/ingress-policy.js'
import { controlPlaneToleration } from '../scheduling.js'
import { addRules, nameRule } from '../validation.js'
import { TOOLBOX_IMAGE, toolbox } from './toolbox.js'

/** Properties of {@link Multitool}. */
export interface MultitoolProps {
  /**
   * Name of the DaemonSet and value of the pods' `app` label. A label of RFC 1123.
   * @default 'multitool'
   */
  readonly name?: string
  /**
   * Image with sh and the tools one wants. The default has dig, nslookup and curl, and no redis-cli.
   * @default 'wbitt/network-multitool:alpine-extra'
   */
  readonly image?: string
}

/**
 * A pod with network tools on every node, the control plane included: where one asks DNS and the services
 * from, with `kubectl exec`. It serves nothing, and nobody may connect to it.
 *
 * Source: document 001 (DaemonSet `multitool`).
 *
 * Synthesis fails, with the path of the construct, on a bad name or image.
 */
export class Multitool extends Construct {
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly daemonSet: k8s.KubeDaemonSet
  /** Who may connect. */
  readonly ingressPolicy: IngressPolicy

  constructor(scope: Construct, id: string, props: MultitoolProps = {}) {
    super(scope, id)
    const { name = 'multitool', image = TOOLBOX_IMAGE } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'multitool', 'client')
    this.daemonSet = new k8s.KubeDaemonSet(this, 'daemon-set', {
      metadata: { name, labels },
      spec: {
        selector: { matchLabels: { ...selector } },
        template: {
          metadata: { labels },
          spec: { ...toolbox('multitool', image), tolerations: [controlPlaneToleration] },
        },
      },
    })
    this.ingressPolicy = new IngressPolicy(this, 'ingress', { name, labels, selector, rules: [] })
    addRules(this, nameRule('name', name, rfc1123Problem), nameRule('image', image, imageProblem))
  }
}
