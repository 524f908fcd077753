import { governedBy, namespaceOf, nameOf, ordinalPods, selectedBy } from '../observe/model/declared.js'
import type { Deployment, Service, StatefulSet } from '../observe/model/declared.js'
import { dnsOf } from '../observe/model/questions.js'
import type { Ground } from './scenario.js'

/** A StatefulSet under the headless service that gives its pods their names. */
export interface Governed {
  readonly set: StatefulSet
  readonly service: Service
  readonly namespace: string
  readonly name: string
  /** Names of its pods, in the order of their ordinals. */
  readonly pods: readonly string[]
  /** Whole DNS name of one of its pods. */
  readonly fqdn: (pod: string) => string
}

/** The StatefulSets that their pods have names by, those of the default namespace first. */
export function governedSets({ declared, lab }: Ground): Governed[] {
  return declared.services.flatMap((service) =>
    governedBy(service, declared).map((set) => ({
      ...{ set, service, namespace: namespaceOf(set), name: nameOf(set), pods: ordinalPods(set) },
      fqdn: (pod: string) => dnsOf(service, lab).pod(pod).fqdn,
    })),
  )
}

/** Those whose containers have a port. */
export function withPort(sets: readonly Governed[], port: number): Governed[] {
  return sets.filter(({ set }) =>
    set.spec?.template.spec?.containers.some(({ ports }) =>
      ports?.some(({ containerPort }) => containerPort === port),
    ),
  )
}

/** A Deployment behind a headless service, with a probe of its own that tells when it is not ready. */
export interface Behind {
  readonly deployment: Deployment
  readonly service: Service
  readonly fqdn: string
}

export function deploymentsBehind({ declared, lab }: Ground): Behind[] {
  return declared.services
    .filter(({ spec }) => spec?.clusterIP === 'None' && spec.publishNotReadyAddresses !== true)
    .flatMap((service) =>
      selectedBy(service, declared.deployments)
        .filter(
          ({ spec }) =>
            (spec?.replicas ?? 1) > 1 &&
            spec?.template.spec?.containers.some(({ readinessProbe }) => readinessProbe !== undefined),
        )
        .map((deployment) => ({ deployment, service, fqdn: dnsOf(service, lab).fqdn })),
    )
}
