import type { V1EndpointSlice } from '@kubernetes/client-node'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import type { DnsAnswer, DnsQuestion, Part } from '../../../lab/observe/model/observations.js'
import { isReady } from '../../../lab/observe/model/pods.js'
import type { Pod } from '../../../lab/observe/model/pods.js'
import { connectionsFor } from '../../../lab/observe/model/traffic.js'
import { questionKey, questionsFor } from '../../../lab/observe/model/questions.js'
import type { Service } from '../../../lab/observe/model/declared.js'
import type { Plain } from '../../../lab/observe/model/plain.js'
import { rulesOfPort } from './kube-rules.js'
import { DOMAIN, iptables, recording, remove, seen } from './recorded.js'
import type { Mutable, World } from './recorded.js'

/**
 * What a cluster does by itself when something in it changes, so that a fault shows wherever it would: the control
 * plane writes slices, CoreDNS answers from them, kube-proxy writes rules and connections go where these lead. It is
 * written from how those work, not from what checks read; that it gives back the recorded lab is tested.
 */
export function follow(world: World): World {
  writeSlices(world)
  return serve(world)
}

/** All but the slices: for what somebody wrote into these. */
export function serve(world: World, nodes: readonly string[] = world.lab.nodes): World {
  ask(world, nodes)
  writeRules(world, nodes)
  connect(world)
  return world
}

type Slice = Mutable<Plain<V1EndpointSlice>>
type Endpoint = Slice['endpoints'][number]

const OF = 'kubernetes.io/service-name'
const BY = 'endpointslice.kubernetes.io/managed-by'
const CONTROLLER = 'endpointslice-controller.k8s.io'

const keyOf = ({ metadata }: { metadata?: { name?: string; namespace?: string } }): string =>
  `${metadata?.namespace ?? 'default'}/${metadata?.name ?? ''}`

/** The EndpointSlice controller. */
export function writeSlices(world: World): void {
  const { api } = world.observations
  const slices = seen(api.endpointSlices) as Slice[]
  const services = seen(api.services) as Service[]
  const pods = seen(api.pods) as Pod[]
  remove(slices, (slice) => isControlled(slice) && !services.some((service) => isOf(slice, service)))
  for (const service of services) {
    const { selector = {} } = service.spec ?? {}
    if (Object.keys(selector).length === 0) continue
    const old = slices.find((slice) => isControlled(slice) && isOf(slice, service))
    remove(slices, (slice) => isControlled(slice) && isOf(slice, service))
    const selected = pods.filter(
      ({ metadata, status }) =>
        metadata?.namespace === service.metadata?.namespace &&
        Object.entries(selector).every(([key, value]) => metadata?.labels?.[key] === value) &&
        status?.podIPs !== undefined &&
        !['Succeeded', 'Failed'].includes(status.phase ?? ''),
    )
    const groups = new Map<string, Pod[]>()
    for (const pod of selected) {
      const ports = JSON.stringify(portsAt(service, pod))
      groups.set(ports, [...(groups.get(ports) ?? []), pod])
    }
    const all = groups.size === 0 ? [[null, []] as const] : [...groups]
    for (const [i, [ports, members]] of all.entries()) {
      const slice: Slice = structuredClone(old) ?? ({ addressType: 'IPv4' } as Slice)
      const labels = { ...slice.metadata?.labels }
      Reflect.deleteProperty(labels, 'service.kubernetes.io/headless')
      slice.metadata = {
        ...slice.metadata,
        ...{ name: old === undefined || i > 0 ? `${service.metadata?.name ?? ''}-${i}` : old.metadata?.name },
        namespace: service.metadata?.namespace,
        labels: {
          ...labels,
          ...{ [OF]: service.metadata?.name ?? '', [BY]: CONTROLLER },
          ...(service.spec?.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
        },
      } as NonNullable<Slice['metadata']>
      const known = old?.endpoints as Endpoint[] | null | undefined
      const endpoints = members.map((pod) => endpointOf(service, pod))
      const order = (one: Endpoint): number =>
        known?.findIndex(({ addresses }) => addresses[0] === one.addresses[0]) ?? 0
      slice.endpoints = endpoints.sort((a, b) => order(a) - order(b))
      // The API gives null for a slice without endpoints.
      if (endpoints.length === 0) Object.assign(slice, { endpoints: null })
      slice.ports = ports === null ? (null as never) : (JSON.parse(ports) as NonNullable<Slice['ports']>)
      slices.push(slice)
    }
  }
}

function isControlled({ metadata }: Slice): boolean {
  return metadata?.labels?.[BY] === CONTROLLER
}

function isOf({ metadata }: Slice, service: Service): boolean {
  return (
    metadata?.labels?.[OF] === service.metadata?.name && metadata?.namespace === service.metadata?.namespace
  )
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const { hostname, subdomain, nodeName } = pod.spec ?? {}
  const { name, namespace, uid } = pod.metadata ?? {}
  const serving =
    pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
  return {
    addresses: (pod.status?.podIPs ?? []).map(({ ip }) => ip),
    conditions: {
      ready: service.spec?.publishNotReadyAddresses === true || isReady(pod),
      ...{ serving, terminating: pod.metadata?.deletionTimestamp !== undefined },
    },
    ...(hostname !== undefined && subdomain === service.metadata?.name ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name, namespace, uid },
  } as Endpoint
}

function portsAt({ spec }: Service, pod: Pod): object[] {
  return (spec?.ports ?? []).flatMap(
    ({ name = '', port, protocol = 'TCP', targetPort = port, appProtocol }) => {
      const number =
        typeof targetPort === 'number'
          ? targetPort
          : pod.spec?.containers
              .flatMap(({ ports = [] }) => ports)
              .find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol)?.containerPort
      if (number === undefined) return []
      return [{ ...(appProtocol === undefined ? {} : { appProtocol }), name, port: number, protocol }]
    },
  )
}

/** CoreDNS, asked again. An answer that says the same as before stays as it was recorded. */
export function ask(world: World, nodes: readonly string[] = world.lab.nodes): void {
  const { declared, lab, observations } = recording(world)
  const [pods, services] = [seen(world.observations.api.pods), seen(world.observations.api.services)]
  const questions = questionsFor(readDeclared(declared), lab, 'default', pods, services)
  for (const node of nodes) {
    const part = observations.dns[node] as Mutable<Part<readonly DnsAnswer[]>>
    if ('error' in part) continue
    const before = new Map(part.value.map((one) => [questionKey(one.question), one]))
    part.value = questions.map((question) => {
      const now = resolve(world, question)
      const old = before.get(questionKey(question))
      return old !== undefined && sameAnswer(old, now) ? old : (now as Mutable<DnsAnswer>)
    })
  }
}

function sameAnswer(a: DnsAnswer, b: DnsAnswer): boolean {
  const said = ({ status, records, truncated }: DnsAnswer): string =>
    JSON.stringify([
      ...[status, truncated ?? false],
      // Which part of a long answer fits is chance, and so are weights.
      truncated === true
        ? []
        : records
            .map(({ data, type }) => (type === 'SRV' ? data.split(' ').slice(2).join(' ') : data))
            .sort(),
    ])
  return said(a) === said(b)
}

/** How many A records fit into a UDP message without EDNS, more or less. */
const FIT = 28

function resolve(world: World, question: DnsQuestion): DnsAnswer {
  const { name, type, search, by } = question
  const tries = search ? [`${name}.default.${DOMAIN}`, `${name}.${DOMAIN}`] : [name]
  const found = tries
    .map((full) => ({ full, data: lookUp(world, full, type) }))
    .find(({ data }) => data !== undefined)
  const data = found?.data ?? []
  const cut = by === 'udp-512' && data.length > FIT
  return {
    question,
    status: found === undefined ? 'NXDOMAIN' : 'NOERROR',
    records: (cut ? data.slice(0, FIT) : data).map((each) => ({
      ...{ name: found?.full ?? name, ttl: 30, type, data: each },
    })),
    server: '10.96.0.10',
    ...(cut ? { truncated: true } : {}),
  }
}

/** The data of the records of a name; undefined where there is no such name. */
function lookUp(world: World, name: string, type: DnsQuestion['type']): string[] | undefined {
  if (type === 'PTR') return namesOf(world, name)
  const labels = name.slice(0, -DOMAIN.length - 1).split('.')
  const [service, namespace] = labels.slice(-2)
  const live = (seen(world.observations.api.services) as Service[]).find(
    ({ metadata }) => metadata?.name === service && metadata?.namespace === namespace,
  )
  if (live === undefined || labels.length < 2) return undefined
  const fqdn = `${service}.${namespace}.${DOMAIN}`
  const own = served(world, live)
  const headless = live.spec?.clusterIP === 'None'
  const front = labels.slice(0, -2)
  if (front[0]?.startsWith('_') === true) {
    const [port, protocol] = front.map((label) => label.slice(1))
    const data = headless
      ? own.flatMap(({ slice, endpoint }) =>
          (slice.ports ?? [])
            .filter((one) => one.name === port && one.protocol?.toLowerCase() === protocol)
            .map((one) => `0 33 ${String(one.port)} ${labelOf(endpoint, world)}.${fqdn}`),
        )
      : (live.spec?.ports ?? [])
          .filter((one) => one.name === port && (one.protocol ?? 'TCP').toLowerCase() === protocol)
          .map((one) => `0 100 ${one.port} ${fqdn}`)
    return data.length === 0 ? undefined : [...new Set(data)]
  }
  // CoreDNS also knows the endpoints of services with a virtual IP by their names.
  const addresses =
    front.length === 0 && !headless
      ? [live.spec?.clusterIP ?? '']
      : own
          .filter(({ endpoint }) => front.length === 0 || labelOf(endpoint, world) === front.join('.'))
          .flatMap(({ endpoint }) => endpoint.addresses)
  if (addresses.length === 0) return undefined
  return type === 'A' ? [...new Set(addresses)] : []
}

function namesOf(world: World, reverse: string): string[] | undefined {
  const ip = reverse.replace('.in-addr.arpa', '').split('.').reverse().join('.')
  const services = seen(world.observations.api.services) as Service[]
  const nameOf = ({ metadata }: Service): string =>
    `${metadata?.name ?? ''}.${metadata?.namespace ?? ''}.${DOMAIN}`
  const vip = services.find(({ spec }) => spec?.clusterIP === ip)
  if (vip !== undefined) return [nameOf(vip)]
  const names = services.flatMap((service) =>
    served(world, service)
      .filter(({ endpoint }) => endpoint.addresses.includes(ip))
      .map(({ endpoint }) => `${labelOf(endpoint, world)}.${nameOf(service)}`),
  )
  return names.length === 0 ? undefined : [...new Set(names)]
}

/** The endpoints that CoreDNS and kube-proxy see: those of which it is not said that they are not ready. */
function served(world: World, service: Service): { slice: Slice; endpoint: Endpoint }[] {
  return (seen(world.observations.api.endpointSlices) as Slice[])
    .filter((slice) => isOf(slice, service))
    .flatMap((slice) =>
      ((slice.endpoints as Endpoint[] | null) ?? []).map((endpoint) => ({ slice, endpoint })),
    )
    .filter(({ endpoint }) => endpoint.conditions?.ready !== false)
}

/** By the pod's name where the Corefile says so. */
function labelOf({ hostname, addresses, targetRef }: Endpoint, world: World): string {
  const { corefile } = world.observations.api
  const byPod = 'value' in corefile && corefile.value.includes('endpoint_pod_names')
  return hostname ?? (byPod ? targetRef?.name : undefined) ?? (addresses[0] ?? '').replaceAll('.', '-')
}

/** kube-proxy, in its iptables mode. Rules that lead to the same as before stay as they were recorded. */
export function writeRules(world: World, nodes: readonly string[] = world.lab.nodes): void {
  const services = seen(world.observations.api.services) as Service[]
  for (const node of nodes) {
    const part = world.observations.iptables[node]
    if (part === undefined || 'error' in part) continue
    const rules = iptables(world, node)
    const known = new Set<string>()
    for (const service of services) {
      const { clusterIP = 'None', ports = [], sessionAffinity } = service.spec ?? {}
      if (clusterIP === 'None' || keyOf(service) === 'default/kubernetes') continue
      for (const { name = '', port } of ports) {
        const of = name === '' ? keyOf(service) : `${keyOf(service)}:${name}`
        known.add(of)
        const now = rulesOfPort({
          ...{ of, vip: clusterIP, port },
          backends: backendsOf(world, service, name),
          ...(sessionAffinity === 'ClientIP'
            ? { seconds: service.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800 }
            : {}),
        })
        const before = rules.filter(({ comment = '' }) => isAbout(comment, of))
        const said = (list: readonly { rule: string }[]): string =>
          JSON.stringify(
            list
              .map(({ rule }) =>
                rule.replaceAll(
                  /KUBE-(SVC|SEP)-[A-Z0-9]+|-m statistic --mode random --probability \S+ /g,
                  '',
                ),
              )
              .sort(),
          )
        if (said(before) === said(now)) continue
        remove(rules, ({ comment = '' }) => isAbout(comment, of))
        ;(rules as object[]).push(...now)
      }
    }
    const [prefixes, gone] = [[...known], (comment: string) => /^[a-z-]+\/[a-z-]+(:\S+)?( |$)/.test(comment)]
    remove(
      rules,
      ({ chain, comment = '' }) =>
        /^KUBE-(SERVICES|SVC|SEP)/.test(chain) &&
        gone(comment) &&
        !/^(default\/kubernetes|kube-system\/)/.test(comment) &&
        !prefixes.some((of) => isAbout(comment, of)),
    )
  }
}

function isAbout(comment: string, of: string): boolean {
  return comment === of || comment.startsWith(`${of} `)
}

function backendsOf(world: World, service: Service, port: string): string[] {
  return served(world, service).flatMap(({ slice, endpoint }) =>
    (slice.ports ?? [])
      .filter(({ name = '' }) => name === port)
      .flatMap(({ port: number }) => endpoint.addresses.map((ip) => `${ip}:${String(number)}`)),
  )
}

/** Connections to the virtual IPs, as the rules lead them. */
function connect(world: World): void {
  const { traffic } = world.observations
  for (const service of seen(world.observations.api.services) as Service[]) {
    const part = traffic[keyOf(service)]
    if (part === undefined || 'error' in part) continue
    const { clusterIP = 'None', ports = [], sessionAffinity } = service.spec ?? {}
    if (clusterIP === 'None') {
      Reflect.deleteProperty(traffic, keyOf(service))
      continue
    }
    const { value } = part
    const backends = backendsOf(world, service, ports[0]?.name ?? '')
    const sockets = sessionAffinity === 'ClientIP' ? backends.slice(0, 1) : backends
    Object.assign(value, { vip: clusterIP, port: ports[0]?.port ?? 0 })
    const same = Object.keys(value.reached).every((one) => backends.includes(one))
    if (same && Object.keys(value.reached).length === sockets.length) continue
    if (sockets.length === 0) Object.assign(value, { made: 1, outcome: 'refused', reached: {} })
    else {
      const each = Math.ceil(connectionsFor(backends.length) / sockets.length)
      Object.assign(value, { made: each * sockets.length })
      Object.assign(value, { reached: Object.fromEntries(sockets.map((one) => [one, each])) })
    }
  }
  refuse(world)
  const services = new Set((seen(world.observations.api.services) as Service[]).map(keyOf))
  for (const key of Object.keys(traffic)) if (!services.has(key)) Reflect.deleteProperty(traffic, key)
}

/** Connections to what has no endpoint are tried, too. */
function refuse(world: World): void {
  for (const service of seen(world.observations.api.services) as Service[]) {
    const { clusterIP: host = 'None', ports = [] } = service.spec ?? {}
    if (host === 'None' || keyOf(service) === 'default/kubernetes') continue
    for (const { name = '', port } of ports) {
      if (backendsOf(world, service, name).length > 0) continue
      for (const part of Object.values(world.observations.reach)) {
        if ('error' in part || part.value.some((each) => each.host === host && each.port === port)) continue
        part.value.push({ host, port, outcome: 'refused', ms: 1 })
      }
    }
  }
}
