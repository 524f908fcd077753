import { k8s } from 'cdk8s-plus-28'
import type { Credentials } from '../credentials.js'
import { askedBy, LIVENESS, memory, resources } from '../pod-defaults.js'
import {
  DATA_DIR,
  IS_ALIVE,
  IS_READY,
  PATRONI_CONFIG,
  PATRONI_PORT,
  PGDATA,
  POSTGRES_PORT,
  RUN_DIR,
  SECRET_DIR,
  START_PATRONI,
  START_SINGLE,
  STOP_SINGLE,
} from './postgres-scripts.js'

/** Name of the volume with the data, the one that is claimed. */
export const DATA_VOLUME = 'data'
/** Name of the port for clients. */
export const POSTGRES_PORT_NAME = 'postgresql'

const PATRONI_PORT_NAME = 'patroni'
const RUN_VOLUME = 'run'
const SECRET_VOLUME = 'credentials'

/** What the pods of both forms are made of. */
interface PodParts {
  readonly image: string
  readonly credentials: Credentials
}

/** What Patroni is told about the cluster, see the scripts. */
export interface PatroniPodParts extends PodParts {
  readonly clusterName: string
  readonly serviceFqdn: string
  readonly serviceAccountName: string
  readonly synchronous: boolean
}

/** A pod with a member of a Patroni cluster. */
export function patroniPod(parts: PatroniPodParts): k8s.PodSpec {
  const ask = (path: string): k8s.Probe => ({
    httpGet: { path, port: k8s.IntOrString.fromString(PATRONI_PORT_NAME) },
  })
  return {
    ...podWith(parts.credentials),
    serviceAccountName: parts.serviceAccountName,
    automountServiceAccountToken: true,
    // A DNS server that died with the leader's node must not hold up who follows it: 2 seconds, not 10.
    dnsConfig: {
      options: [
        { name: 'timeout', value: '1' },
        { name: 'attempts', value: '2' },
      ],
    },
    containers: [
      {
        ...server(parts.image, START_PATRONI),
        env: [
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          { name: 'CLUSTER_NAME', value: parts.clusterName },
          { name: 'SERVICE_FQDN', value: parts.serviceFqdn },
          { name: 'SYNCHRONOUS', value: String(parts.synchronous) },
          ...COMMON_ENV,
          // So that `kubectl exec POD -- patronictl list` is all there is to type.
          { name: 'PATRONICTL_CONFIG_FILE', value: PATRONI_CONFIG },
        ],
        ports: [CLIENT_PORT, { name: PATRONI_PORT_NAME, containerPort: PATRONI_PORT }],
        // Patroni answers when it has reached the API server, long before there is data.
        startupProbe: { ...ask('/liveness'), ...STARTUP },
        readinessProbe: { ...ask('/readiness'), ...READINESS },
        livenessProbe: { ...ask('/liveness'), ...LIVENESS },
        resources: resources({ cpu: '100m', memory: '192Mi', memoryLimit: '512Mi' }),
      },
    ],
  }
}

/** A pod with one server that is alone. */
export function singlePod(parts: PodParts): k8s.PodSpec {
  return {
    ...podWith(parts.credentials),
    containers: [
      {
        ...server(parts.image, START_SINGLE),
        env: COMMON_ENV,
        ports: [CLIENT_PORT],
        startupProbe: { ...askedBy(IS_ALIVE), ...STARTUP },
        readinessProbe: { ...askedBy(IS_READY), ...READINESS },
        livenessProbe: { ...askedBy(IS_ALIVE), ...LIVENESS },
        lifecycle: { preStop: { exec: { command: ['sh', '-c', STOP_SINGLE] } } },
        resources: resources({ cpu: '50m', memory: '128Mi', memoryLimit: '512Mi' }),
      },
    ],
  }
}

const COMMON_ENV: k8s.EnvVar[] = [
  { name: 'PGDATA', value: PGDATA },
  // initdb is given the password in a temporary file.
  { name: 'TMPDIR', value: RUN_DIR },
]

const CLIENT_PORT: k8s.ContainerPort = { name: POSTGRES_PORT_NAME, containerPort: POSTGRES_PORT }

/** Five minutes, for a slow disk or a recovery; then the kubelet starts the container anew. */
const STARTUP = { periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 150 }
const READINESS = { periodSeconds: 2, timeoutSeconds: 5 }

function server(image: string, script: string): k8s.Container {
  return {
    name: 'postgres',
    image,
    command: ['sh', '-c', script],
    volumeMounts: [
      { name: DATA_VOLUME, mountPath: DATA_DIR },
      { name: RUN_VOLUME, mountPath: RUN_DIR },
      { name: SECRET_VOLUME, mountPath: SECRET_DIR, readOnly: true },
    ],
  }
}

function podWith(credentials: Credentials): Omit<k8s.PodSpec, 'containers'> {
  return {
    // The server writes what it holds in memory before it ends.
    terminationGracePeriodSeconds: 60,
    // Only at the first mount: to give all files to the group again would open the data directory to it.
    securityContext: { fsGroupChangePolicy: 'OnRootMismatch' },
    volumes: [memory(RUN_VOLUME), credentials.volume(SECRET_VOLUME)],
  }
}
