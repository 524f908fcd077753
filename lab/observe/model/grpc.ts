import { keyOf, namespaceOf, selectedBy, selects, templateOf } from './declared.js'
import type { Declared, Deployment, Service } from './declared.js'
import type { LabFacts } from './lab.js'
import type { Part } from './observations.js'
import { isReady, podsSelected } from './pods.js'
import type { Pod } from './pods.js'
import { dnsOf } from './questions.js'

/** What a Deployment's pods are labelled with that have a client to call gRPC servers from (`grpc-client`). */
const CLIENT_LABELS = { 'app.kubernetes.io/name': 'grpc', 'app.kubernetes.io/component': 'client' }

/** A declared client of gRPC, and the services it can ask: those of its namespace. */
export interface GrpcClient {
  readonly deployment: Deployment
  /** `<namespace>/<Deployment>`. */
  readonly key: string
  readonly targets: readonly GrpcTarget[]
}

export interface GrpcTarget {
  readonly service: Service
  /** `<name of the service>:<port>`. */
  readonly address: string
}

/** What the calls of a client came to, by the address that was called. */
export type GrpcSeen = Readonly<Record<string, Part<GrpcAnswers>>>

export interface GrpcAnswers {
  /** How many calls were to be made. */
  readonly calls: number
  /** How many calls each pod answered. */
  readonly answers: Readonly<Record<string, number>>
  /** Why not all calls were answered. */
  readonly error?: string
}

export function grpcClients(declared: Declared, lab: LabFacts): GrpcClient[] {
  return declared.deployments.filter(isClient).map((deployment) => ({
    deployment,
    key: keyOf(deployment),
    targets: declared.services
      .filter((service) => namespaceOf(service) === namespaceOf(deployment))
      .flatMap((service) => targetOf(service, declared, lab)),
  }))
}

/** A ready pod of the client. */
export function clientPod({ deployment }: GrpcClient, pods: readonly Pod[]): Pod | undefined {
  const labels = deployment.spec?.selector.matchLabels
  return podsSelected(pods, namespaceOf(deployment), labels).find(isReady)
}

function targetOf(service: Service, declared: Declared, lab: LabFacts): GrpcTarget[] {
  const port = service.spec?.ports?.find(
    ({ name, appProtocol }) => name === 'grpc' || appProtocol === 'kubernetes.io/h2c',
  )
  const servers = selectedBy(service, [...declared.deployments, ...declared.statefulSets])
  if (port === undefined || servers.length === 0) return []
  return [{ service, address: `${dnsOf(service, lab).fqdn}:${port.port}` }]
}

function isClient(deployment: Deployment): boolean {
  return selects(CLIENT_LABELS, templateOf(deployment)?.metadata?.labels)
}
