import { nameOf, namespaceOf } from '../../observe/model/declared.js'
import { saysReady } from '../../observe/model/pods.js'
import { defineCheck } from '../check.js'
import { liveService } from '../live.js'
import { eachSelecting } from '../scopes.js'
import { compareEndpoints } from './seen.js'

const needs = ['api.endpointslices', 'api.pods', 'api.services']
const STALE =
  'The slice is not kept up to date, or was edited by hand: is the kube-controller-manager running, and who manages the slice (endpointslice.kubernetes.io/managed-by)?'

const nodeName = defineCheck({
  id: 'endpointslices.node-name',
  title: 'each endpoint names the node of its pod',
  answers: '001 EndpointSlices; Kubernetes: EndpointSlices',
  needs,
  hint: `${STALE} kube-proxy tells by it what is local to a node.`,
  of: eachSelecting,
  judge: (service, context) =>
    compareEndpoints(
      service,
      context,
      ({ pod }) => pod.spec?.nodeName ?? null,
      ({ endpoint }) => endpoint.nodeName ?? null,
    ),
})

const targetRef = defineCheck({
  id: 'endpointslices.target-ref',
  title: 'each endpoint refers to the pod that has its address, by name and uid',
  answers: '001 EndpointSlices; Kubernetes: EndpointSlices',
  needs,
  hint: `${STALE} A uid that differs is that of a pod that had the same name before.`,
  of: eachSelecting,
  judge: (service, context) =>
    compareEndpoints(
      service,
      context,
      ({ pod }) => ({
        ...{ kind: 'Pod', namespace: namespaceOf(pod), name: nameOf(pod) },
        uid: pod.metadata?.uid ?? null,
      }),
      ({ endpoint: { targetRef: ref } }) =>
        ref === undefined
          ? 'none'
          : {
              ...{ kind: ref.kind ?? null, namespace: ref.namespace ?? null, name: ref.name ?? null },
              uid: ref.uid ?? null,
            },
    ),
})

const conditions = defineCheck({
  id: 'endpointslices.conditions',
  title: 'ready, serving and terminating of each endpoint are what the state of its pod makes them',
  answers: '002 troubleshooting; Kubernetes: EndpointSlices',
  needs,
  hint: `${STALE} serving is the pod's Ready; terminating, that it is being deleted; ready is serving and not terminating, or always true where the service has publishNotReadyAddresses.`,
  of: eachSelecting,
  judge: (service, context) => {
    const published = liveService(service, context).spec?.publishNotReadyAddresses === true
    return compareEndpoints(
      service,
      context,
      ({ pod }) => {
        const serving = saysReady(pod)
        const terminating = pod.metadata?.deletionTimestamp !== undefined
        return { ready: published || (serving && !terminating), serving, terminating }
      },
      ({ endpoint: { conditions: said } }) => {
        // What is not said has a meaning, too.
        const ready = said?.ready ?? true
        return { ready, serving: said?.serving ?? ready, terminating: said?.terminating ?? false }
      },
    )
  },
})

export const endpointChecks = [nodeName, targetRef, conditions]
