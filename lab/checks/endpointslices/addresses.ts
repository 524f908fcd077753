import { allSlicesOf, familiesOf, isSelecting, nameOf, readyEndpoints } from '../../observe/model/declared.js'
import type { EndpointSlice, Service } from '../../observe/model/declared.js'
import { ipsOf } from '../../observe/model/pods.js'
import type { Pod } from '../../observe/model/pods.js'
import { backendPods } from '../backends.js'
import { defineCheck, skipped } from '../check.js'
import type { Context } from '../check.js'
import { liveOf, liveService } from '../live.js'
import { compare } from '../outcome.js'
import { eachSelecting, eachService } from '../scopes.js'
import { addressesIn, countOf, ipsOfPod, liveSlices, slicePods, source } from './seen.js'
import type { Address } from './seen.js'

const NO_SELECTOR =
  'The service has no selector: what stands behind it is not running, or has moved to another address. See docker ps --all, then run deploy, which writes where it is now.'

const addresses = defineCheck({
  id: 'endpointslices.addresses',
  title: 'the ready addresses of the slices are exactly those of the ready pods or declared endpoints',
  answers: '001 exercise 4',
  needs: ['api.endpointslices', 'api.pods'],
  hint: 'Nothing in them: the selector fits no pod, or no pod is Ready. Too many: a slice was written by hand or its controller stands still.',
  of: eachService,
  judge: (service, context) => {
    const observed = readyIn(liveSlices(service, context))
    return compare(expectedReady(service, context), observed, {
      source: source(service),
      ...(isSelecting(service) ? {} : { hint: NO_SELECTOR }),
    })
  },
})

const sum = defineCheck({
  id: 'endpointslices.sum',
  title: 'all slices of the service together hold every address once',
  answers: '001 EndpointSlices (corrected)',
  needs: ['api.endpointslices', 'api.pods', 'api.services'],
  hint: 'An address that stands twice is in a slice that somebody else wrote beside those of the control plane, or in two that were declared; one too few, and its controller stands still or a slice was deleted.',
  of: eachService,
  judge: (service, context) => {
    const slices = liveSlices(service, context)
    const all = addressesIn(slices)
    const observed = { addresses: new Set(all.map(({ ip }) => ip)).size, twice: twice(all) }
    if (isSelecting(service)) {
      const families = liveService(service, context).spec?.ipFamilies
      const pods = slicePods(service, context)
      const count = countOf(pods, families ?? familiesOf(service, context.lab.ipFamilies))
      return compare({ addresses: count, twice: [] }, observed, { source: source(service) })
    }
    const declared = allSlicesOf(service, context.declared.endpointSlices)
    if (declared.length + slices.length === 0) return skipped('nothing is declared to stand behind it')
    const wanted = { slices: sizes(declared), addresses: distinct(addressesIn(declared)), twice: [] }
    return compare(wanted, { slices: sizes(slices), ...observed }, { source: source(service) })
  },
})

const orphans = defineCheck({
  id: 'endpointslices.orphans',
  title: 'no slice of a service with a selector holds an address that is not that of a live pod it selects',
  answers: 'Kubernetes: EndpointSlices',
  needs: ['api.endpointslices', 'api.pods', 'api.services'],
  hint: 'Clients are sent to an address where nobody, or somebody else, listens. A slice was written by hand, or the controller stands still.',
  of: eachSelecting,
  judge: (service, context) => {
    const pods = slicePods(service, context)
    const live = new Set(pods.flatMap(ipsOfPod))
    const held = addressesIn(liveSlices(service, context))
    if (held.length === 0) return skipped('its slices hold no address')
    const lost = held.filter(({ ip }) => !live.has(ip)).map((address) => whose(address, context))
    return compare([], [...new Set(lost)].sort(), { source: source(service) })
  },
})

export const addressChecks = [addresses, sum, orphans]

/** The addresses the service has to lead to, of every family it has. */
function expectedReady(service: Service, context: Context): string[] {
  if (!isSelecting(service)) return readyIn(allSlicesOf(service, context.declared.endpointSlices))
  const families = familiesOf(service, context.lab.ipFamilies)
  return backendPods(service, context)
    .flatMap((pod) => families.flatMap((family) => ipsOf(pod, family)))
    .sort()
}

function readyIn(slices: readonly EndpointSlice[]): string[] {
  return readyEndpoints(slices)
    .flatMap((endpoint) => endpoint.addresses)
    .sort()
}

function distinct(all: readonly Address[]): number {
  return new Set(all.map(({ ip }) => ip)).size
}

function sizes(slices: readonly EndpointSlice[]): Record<string, number> {
  return Object.fromEntries(slices.map((slice) => [nameOf(slice), addressesIn([slice]).length]))
}

/** Addresses that are there more than once with the same ports: pods whose named ports differ stand in slices of their own. */
function twice(all: readonly Address[]): string[] {
  const slices = new Map<string, { ip: string; names: string[] }>()
  for (const { ip, slice } of all) {
    const ports = (slice.ports ?? []).map(({ name, port, protocol }) => [name ?? '', port, protocol])
    const key = JSON.stringify([ip, ports.sort()])
    const names = slices.get(key)?.names ?? []
    slices.set(key, { ip, names: [...names, nameOf(slice)] })
  }
  return [...slices.values()]
    .filter(({ names }) => names.length > 1)
    .map(({ ip, names }) => `${ip} in ${names.sort().join(', ')}`)
    .sort()
}

/** An address that no pod of the service has, and what is known of it. */
function whose({ ip, slice, endpoint }: Address, { observations, read }: Context): string {
  const pods = read(observations.api.pods)
  const there = pods.find((pod) => ipsOfPod(pod).includes(ip))
  const ref = endpoint.targetRef
  const meant =
    ref?.kind === 'Pod'
      ? liveOf<Pod>({ metadata: { name: ref.name ?? '', namespace: ref.namespace ?? '' } }, pods)
      : undefined
  const said =
    there !== undefined
      ? `is of pod ${nameOf(there)}, which the service does not select or whose containers have ended`
      : meant !== undefined
        ? `pod ${nameOf(meant)} has another address`
        : ref?.name === undefined
          ? 'refers to nothing'
          : `${ref.kind?.toLowerCase() ?? 'object'} ${ref.name} is gone`
  return `${ip} in ${nameOf(slice)}: ${said}`
}
