import type { V1NodeSelector } from '@kubernetes/client-node'
import { STAY } from '../../../constructs/workloads/stay.js'
import type { Plain } from '../model/plain.js'
import type { Pod } from '../model/pods.js'

/** After this a probe pod ends by itself, whatever became of who made it. */
export const PROBE_LIFE_S = 900

export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'headless-lab' } as const
/** Its value is the run that made the pod. */
export const PROBE_LABEL = 'headless-lab.dev/probe'

/** The user of a probe, whatever its image says: a number, so that the kubelet can prove it is not root. */
const USER = 65532
const CONTAINER = 'probe'

/** `privileged`: with the network and the processes of its node. */
export type ProbeKind = 'restricted' | 'privileged'

export interface ProbePodProps {
  readonly kind: ProbeKind
  readonly name: string
  readonly namespace: string
  readonly node: string
  readonly image: string
  /** The run that makes it. */
  readonly run: string
}

/** A pod on one node that does nothing but stay for a while, so that tools can be run in it. */
export function probePod({ kind, name, namespace, node, image, run }: ProbePodProps): Pod {
  const privileged = kind === 'privileged'
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { ...MANAGED_BY, 'app.kubernetes.io/name': 'headless-lab-probe', [PROBE_LABEL]: run },
      annotations: { 'kubectl.kubernetes.io/default-container': CONTAINER },
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: 'Never',
      activeDeadlineSeconds: PROBE_LIFE_S,
      terminationGracePeriodSeconds: 1,
      // Not by nodeName: the scheduler then could not say that there is no room, the kubelet would refuse it.
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: only(node) } },
      tolerations: [{ operator: 'Exists' }],
      ...(privileged
        ? { hostNetwork: true, hostPID: true }
        : {
            securityContext: {
              runAsNonRoot: true,
              runAsUser: USER,
              runAsGroup: USER,
              seccompProfile: { type: 'RuntimeDefault' },
            },
          }),
      containers: [
        {
          name: CONTAINER,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', STAY],
          // Tools keep histories and settings in the home directory; without a writable one some complain.
          env: [{ name: 'HOME', value: '/tmp' }],
          workingDir: '/tmp',
          // Both limits: where a quota counts them, a pod without them is refused.
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '1', memory: '128Mi' } },
          securityContext: privileged
            ? { privileged: true, runAsUser: 0 }
            : {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
    },
  }
}

const only = (node: string): Plain<V1NodeSelector> => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
})

/** How far a probe pod is: what it still waits for, or why it will never be ready. */
export type ProbeState =
  | { readonly is: 'ready' }
  | { readonly is: 'waiting'; readonly reason: string }
  | { readonly is: 'lost'; readonly reason: string }

/** What more time does not mend. A pull is tried again by the kubelet; a second failure shows as the back-off. */
const HOPELESS: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
])

export function probeState({ status }: Pick<Pod, 'status'>, image: string): ProbeState {
  const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
  if (ready === true) return { is: 'ready' }
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') {
    const ended = status.containerStatuses?.[0]?.state?.terminated
    const reason = status.message ?? status.reason ?? ended?.message ?? ended?.reason ?? 'for no said reason'
    return { is: 'lost', reason: `the probe pod ended: ${reason}` }
  }
  const waiting = status?.containerStatuses?.[0]?.state?.waiting
  if (waiting?.reason !== undefined) {
    const words = [waiting.reason, waiting.message].filter((word) => word !== undefined).join(': ')
    const isImage = /Image/.test(waiting.reason)
    const reason = isImage
      ? `the image ${image} cannot be had (${words}); name another with --probe-image`
      : `the probe pod does not start: ${words}`
    if (HOPELESS.has(waiting.reason)) return { is: 'lost', reason }
    return { is: 'waiting', reason: isImage ? reason : `the probe pod is not ready: ${words}` }
  }
  const unscheduled = status?.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  )
  if (unscheduled !== undefined) {
    return {
      is: 'waiting',
      reason: `no room for the probe pod: ${unscheduled.message ?? unscheduled.reason ?? ''}`,
    }
  }
  return { is: 'waiting', reason: 'the probe pod is not ready' }
}
