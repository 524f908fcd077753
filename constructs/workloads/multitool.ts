import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import { selectorLabels, workloadLabels } from '../labels.js'
import { rfc1123Problem } from '../names.js'
import { resources, restrictedContainer, restrictedPod, scratch } from '../pod-defaults.js'
import { controlPlaneToleration } from '../scheduling.js'
import { addRules, nameRule } from '../validation.js'

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
 * from, with `kubectl exec`. It serves nothing.
 *
 * Source: document 001 (DaemonSet `multitool`).
 *
 * Synthesis fails, with the path of the construct, on a bad name.
 */
export class Multitool extends Construct {
  /** The object itself, for what has no property here (see docs/constructs.md, "Escape hatches"). */
  readonly daemonSet: k8s.KubeDaemonSet

  constructor(scope: Construct, id: string, props: MultitoolProps = {}) {
    super(scope, id)
    const { name = 'multitool', image = 'wbitt/network-multitool:alpine-extra' } = props
    const selector = selectorLabels(name)
    const labels = workloadLabels(name, 'multitool', 'client')

    this.daemonSet = new k8s.KubeDaemonSet(this, 'daemon-set', {
      metadata: { name, labels },
      spec: {
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            ...restrictedPod,
            terminationGracePeriodSeconds: 5,
            tolerations: [controlPlaneToleration],
            containers: [
              {
                ...restrictedContainer,
                name: 'multitool',
                image,
                command: ['sh', '-c', STAY],
                // Tools keep histories and settings in the home directory; without a writable one some complain.
                env: [{ name: 'HOME', value: '/tmp' }],
                workingDir: '/tmp',
                resources: resources({ cpu: '10m', memory: '32Mi', memoryLimit: '128Mi' }),
                volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
              },
            ],
            volumes: [scratch('tmp')],
          },
        },
      },
    })

    addRules(this, nameRule('name', name, rfc1123Problem))
  }
}

/** Stays until it is told to end. As process 1 a plain `sleep` would ignore SIGTERM and be killed only after the grace period. */
const STAY = `trap 'exit 0' TERM INT
while :; do
  sleep 3600 &
  wait $!
done
`
