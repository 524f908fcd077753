import { isDeepStrictEqual } from 'node:util'
import {
  SERVICE_NAME_LABEL,
  allSlicesOf,
  familiesOf,
  isHeadless,
  isSelecting,
  nameOf,
  namespaceOf,
} from '../../observe/model/declared.js'
import type { EndpointSlice, Service } from '../../observe/model/declared.js'
import { Unobserved, defineCheck, skipped } from '../check.js'
import type { Context, Outcome } from '../check.js'
import { liveService } from '../live.js'
import { compare } from '../outcome.js'
import { eachNamespace, eachSelecting, eachService } from '../scopes.js'
import { declaredPorts, podPorts, slicePorts } from './ports.js'
import type { SlicePort } from './ports.js'
import { liveSlices, nothingToLookAt, podAddresses, source } from './seen.js'

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const CONTROLLER = 'endpointslice-controller.k8s.io'
const HEADLESS = 'service.kubernetes.io/headless'

const ports = defineCheck({
  id: 'endpointslices.ports',
  title: 'the ports of the slices are those of the service, with the numbers that its pods have for them',
  answers: '001 EndpointSlices; Kubernetes: EndpointSlices',
  needs: ['api.endpointslices', 'api.pods', 'api.services'],
  hint: 'A port of the service is found in a slice by its name: one that differs leads nowhere. A named target port has the number that each pod gives it.',
  of: eachService,
  judge: (service, context) => {
    const live = liveService(service, context)
    return isSelecting(service) ? ofPods(service, live, context) : ofDeclared(service, live, context)
  },
})

const labels = defineCheck({
  id: 'endpointslices.labels',
  title:
    'each slice of a service with a selector is managed by the control plane, and says whether it is headless',
  answers: '001 EndpointSlices; Kubernetes: EndpointSlices',
  needs: ['api.endpointslices', 'api.services'],
  hint: `A slice with the service's name and another ${MANAGED_BY}, or none, was written beside those of the control plane: DNS and kube-proxy follow it all the same. Delete it.`,
  of: eachSelecting,
  judge: (service, context) => {
    const headless = isHeadless(liveService(service, context))
    const slices = liveSlices(service, context)
    if (slices.length === 0)
      throw new Unobserved('the service has no slice (see endpointslices.address-type)')
    const expected = { 'managed by': CONTROLLER, headless }
    const seen = slices.map((slice) => {
      const { [MANAGED_BY]: manager = 'nobody', [HEADLESS]: mark } = slice.metadata?.labels ?? {}
      return [nameOf(slice), { 'managed by': manager, headless: mark !== undefined }]
    })
    return compare(
      Object.fromEntries(slices.map((slice) => [nameOf(slice), expected])),
      Object.fromEntries(seen),
      { source: source(service) },
    )
  },
})

const addressType = defineCheck({
  id: 'endpointslices.address-type',
  title: 'the service has slices of exactly its address families',
  answers: '001 notes, dual stack; Kubernetes: EndpointSlices',
  needs: ['api.endpointslices', 'api.services'],
  hint: 'The control plane keeps a slice of each family, an empty one too. None: its controller stands still. Another one: it was written by hand.',
  of: eachSelecting,
  judge: (service, context) => {
    const live = liveService(service, context)
    const families = live.spec?.ipFamilies ?? familiesOf(service, context.lab.ipFamilies)
    const types = new Set(liveSlices(service, context).map((slice) => slice.addressType))
    return compare([...families].sort(), [...types].sort(), { source: source(service) })
  },
})

const abandoned = defineCheck({
  id: 'endpointslices.abandoned',
  title: 'every slice of the namespace is of a service that is there',
  answers: 'Kubernetes: EndpointSlices',
  needs: ['api.endpointslices', 'api.services'],
  hint: `The label ${SERVICE_NAME_LABEL} names a service that was deleted or is written differently, so that nobody follows the slice: put it right, or delete the slice.`,
  of: eachNamespace,
  judge: (namespace, { observations: { api }, read }) => {
    const services = read(api.services)
    const slices = read(api.endpointSlices).filter((slice) => namespaceOf(slice) === namespace)
    if (slices.length === 0) return skipped('the namespace has no slices')
    const lost = slices.flatMap((slice) => {
      const name = slice.metadata?.labels?.[SERVICE_NAME_LABEL]
      if (name === undefined) {
        // Others use slices for things of their own, and say who they are.
        return slice.metadata?.labels?.[MANAGED_BY] === CONTROLLER ? [`${nameOf(slice)}: of no service`] : []
      }
      const there = services.some((one) => namespaceOf(one) === namespace && nameOf(one) === name)
      return there ? [] : [`${nameOf(slice)}: of ${name}, which is not there`]
    })
    return compare([], lost.sort())
  },
})

export const sliceChecks = [ports, labels, addressType, abandoned]

function ofPods(service: Service, live: Service, context: Context): Outcome {
  const addresses = podAddresses(service, context)
  if (addresses.length === 0) return nothingToLookAt(service, context)
  const expected: Record<string, unknown> = {}
  const observed: Record<string, unknown> = {}
  for (const { slice, pod } of addresses) {
    const seen = slicePorts(slice)
    const wanted = podPorts(live, pod)
    // One pod that differs is enough, and stays in the evidence.
    if (!(nameOf(slice) in expected) || !isDeepStrictEqual(wanted, seen)) expected[nameOf(slice)] = wanted
    observed[nameOf(slice)] = seen
  }
  return compare(expected, observed, { source: source(service) })
}

/** Somebody writes these slices: their ports have to be called as the service calls them. */
function ofDeclared(service: Service, live: Service, context: Context): Outcome {
  const slices = liveSlices(service, context)
  if (slices.length === 0) return skipped('it has no slices')
  const declared = allSlicesOf(service, context.declared.endpointSlices)
  const expected = (slice: EndpointSlice): SlicePort[] =>
    declaredPorts(live, declared.find((one) => nameOf(one) === nameOf(slice)) ?? slice)
  return compare(
    Object.fromEntries(slices.map((slice) => [nameOf(slice), expected(slice)])),
    Object.fromEntries(slices.map((slice) => [nameOf(slice), slicePorts(slice)])),
    { source: source(service) },
  )
}
