import { k8s } from 'cdk8s-plus-28'

/**
 * The user and group of every container, whatever the image says: a number, so that the kubelet can prove
 * `runAsNonRoot`. It owns nothing in any image, so nothing may depend on the owner of a file.
 */
const USER = 65532

/** What every pod has: the "restricted" Pod Security Standard, and no API credentials. */
export const restrictedPod = {
  automountServiceAccountToken: false,
  // Services as environment variables are the discovery that came before DNS; here they would only confuse.
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    fsGroup: USER,
    seccompProfile: { type: 'RuntimeDefault' },
  },
} satisfies Partial<k8s.PodSpec>

/** What every container has: the rest of "restricted", a read-only root, and images that may be preloaded. */
export const restrictedContainer = {
  imagePullPolicy: 'IfNotPresent',
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
} satisfies Partial<k8s.Container>

/**
 * A pod with the defaults of {@link restrictedPod} where it says nothing itself.
 * @param user number of the user and group, where they are not the default ones
 */
export function restrictPod(pod: k8s.PodSpec, user: number = USER): k8s.PodSpec {
  return {
    ...restrictedPod,
    ...pod,
    securityContext: {
      ...restrictedPod.securityContext,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      ...pod.securityContext,
    },
  }
}

/** A container with the defaults of {@link restrictedContainer} where it says nothing itself. */
export function restrictContainer(container: k8s.Container): k8s.Container {
  const { capabilities } = restrictedContainer.securityContext
  return {
    ...restrictedContainer,
    ...container,
    securityContext: {
      ...restrictedContainer.securityContext,
      ...container.securityContext,
      capabilities: { ...capabilities, ...container.securityContext?.capabilities },
    },
  }
}

/** Quantities in Kubernetes notation: `25m` (thousandths of a CPU), `32Mi`. */
export interface Resources {
  /** CPU asked for: `25m`, `0.5`. */
  readonly cpu: string
  /** Memory asked for: `32Mi`. */
  readonly memory: string
  /** Memory at which the container is killed: `128Mi`. */
  readonly memoryLimit: string
}

/** Requests, and a limit for memory only: a CPU limit throttles start-up and protects nobody on a small machine. */
export function resources(of: Resources): k8s.ResourceRequirements {
  return {
    requests: { cpu: k8s.Quantity.fromString(of.cpu), memory: k8s.Quantity.fromString(of.memory) },
    limits: { memory: k8s.Quantity.fromString(of.memoryLimit) },
  }
}

/**
 * A directory that lives as long as the pod: the only place a container may write.
 * @param mebibytes what it may hold; a pod that writes more is evicted
 */
export function scratch(name: string, mebibytes = 64): k8s.Volume {
  return { name, emptyDir: { sizeLimit: k8s.Quantity.fromString(`${mebibytes}Mi`) } }
}

/** A directory in memory, for files that hold passwords: none of them is on a disk. At most 1Mi. */
export function memory(name: string): k8s.Volume {
  return { name, emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString('1Mi') } }
}

/** When a container is started again: slow to act, since to restart a server that is only busy makes it busier. */
export const LIVENESS = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 } satisfies k8s.Probe

/** A probe that a script of the container answers, by how it ends. */
export function askedBy(script: string): k8s.Probe {
  return { exec: { command: ['sh', '-c', script] } }
}
