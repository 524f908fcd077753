import { isHeadless, isSelecting, nameOf } from '../../../lab/observe/model/declared.js'
import type { EndpointSlice, Service } from '../../../lab/observe/model/declared.js'
import type { Pod } from '../../../lab/observe/model/pods.js'

/** A service as the API server of a cluster with IPv4 only gives it back. */
export function served(service: Service): Service {
  const { clusterIP = '10.96.0.99' } = service.spec ?? {}
  const both = isHeadless(service) && !isSelecting(service)
  return {
    ...service,
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: both ? ['IPv4', 'IPv6'] : ['IPv4'],
      ...service.spec,
    },
  }
}

/** A slice with all that the control plane writes into it, where it does not say something else itself. */
export function completed(slice: EndpointSlice, service: Service, pods: readonly Pod[]): EndpointSlice {
  const published = service.spec?.publishNotReadyAddresses === true
  const behind = (slice.endpoints as EndpointSlice['endpoints'] | null)?.map((endpoint) => {
    const pod = pods.find(({ status }) => status?.podIPs?.some(({ ip }) => endpoint.addresses.includes(ip)))
    if (pod === undefined) return { pod, endpoint }
    const serving =
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    const terminating = pod.metadata?.deletionTimestamp !== undefined
    const { name, namespace, uid } = pod.metadata ?? {}
    return {
      pod,
      endpoint: {
        ...(pod.spec?.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
        ...endpoint,
        conditions: { ready: published || (serving && !terminating), serving, terminating },
        targetRef: { kind: 'Pod', name, namespace, ...(uid === undefined ? {} : { uid }) },
      },
    }
  })
  const first = behind?.find(({ pod }) => pod !== undefined)?.pod
  const { ports = [] } = slice
  return {
    ...slice,
    metadata: {
      ...slice.metadata,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        ...(isHeadless(service) ? { 'service.kubernetes.io/headless': '' } : {}),
        ...slice.metadata?.labels,
      },
    },
    endpoints: behind?.map(({ endpoint }) => endpoint) ?? null,
    ports: ports.length > 0 || first === undefined ? ports : portsAt(service, first),
  } as EndpointSlice
}

/** The slice of a service with these pods behind it. */
export function sliceFor(service: Service, pods: readonly Pod[]): EndpointSlice {
  const bare: EndpointSlice = {
    metadata: {
      name: `${nameOf(service)}-x`,
      ...(service.metadata?.namespace === undefined ? {} : { namespace: service.metadata.namespace }),
      labels: { 'kubernetes.io/service-name': nameOf(service) },
    },
    addressType: 'IPv4',
    endpoints: pods.map(({ spec, status }) => ({
      addresses: (status?.podIPs ?? []).map(({ ip }) => ip),
      ...(spec?.subdomain === nameOf(service) && spec.hostname !== undefined
        ? { hostname: spec.hostname }
        : {}),
    })),
    ports: [],
  }
  return completed(bare, service, pods)
}

function portsAt({ spec }: Service, pod: Pod): EndpointSlice['ports'] {
  return (spec?.ports ?? []).flatMap(({ name, port, protocol = 'TCP', targetPort = port }) => {
    const named = pod.spec?.containers
      .flatMap(({ ports }) => ports ?? [])
      .find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol)?.containerPort
    const number = typeof targetPort === 'number' ? targetPort : named
    return number === undefined ? [] : [{ ...(name === undefined ? {} : { name }), port: number, protocol }]
  })
}
