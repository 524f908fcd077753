import { k8s } from 'cdk8s-plus-28'
import { rfc1123Problem, subdomainProblem } from '../names.js'

/** A volume that each pod of a StatefulSet has for itself, and keeps when it is replaced. */
export interface VolumeClaim {
  /** Name of the volume, for `volumeMounts`: a label of RFC 1123. The claim of a pod is `<name>-<pod>`. */
  readonly name: string
  /** Size, as Kubernetes writes quantities: `1Gi`, `500M`. */
  readonly size: string
  /**
   * Name of the StorageClass.
   * @default - the cluster's default class
   */
  readonly storageClass?: string
}

/** The volume that each pod of a database or broker keeps its data in. */
export interface DataVolume {
  /**
   * Size, as Kubernetes writes quantities: `1Gi`, `500M`.
   * @default - each construct says its own
   */
  readonly size?: string
  /**
   * Name of the StorageClass.
   * @default - the cluster's default class
   */
  readonly storageClass?: string
}

/** The claim of a {@link DataVolume}. */
export function dataClaim(
  name: string,
  { size, storageClass }: DataVolume,
  defaultSize: string,
): VolumeClaim {
  return { name, size: size ?? defaultSize, ...(storageClass === undefined ? {} : { storageClass }) }
}

/** The template a StatefulSet makes each pod's claim from: mounted by one node at a time. */
export function claimTemplate({ name, size, storageClass }: VolumeClaim): k8s.KubePersistentVolumeClaimProps {
  return {
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      // A plain text here is dropped without a word when JSON patches are used beside it.
      resources: { requests: { storage: k8s.Quantity.fromString(size) } },
    },
  }
}

/** What is wrong with claims, each a sentence. */
export function claimProblems(claims: readonly VolumeClaim[]): string[] {
  return claims.flatMap(({ name, size, storageClass = 'none' }, i) => {
    const problem = rfc1123Problem(name)
    const classProblem = subdomainProblem(storageClass)
    return [
      ...(problem === undefined ? [] : [`volume claim name ${problem}`]),
      ...(isSize(size)
        ? []
        : [
            `size of volume claim ${JSON.stringify(name)} is ${JSON.stringify(size)}; write one such as 1Gi or 500M`,
          ]),
      ...(classProblem === undefined
        ? []
        : [`storage class of volume claim ${JSON.stringify(name)} ${classProblem}`]),
      ...(claims.findIndex((other) => other.name === name) < i
        ? [`volume claim name ${JSON.stringify(name)} is used twice`]
        : []),
    ]
  })
}

/** A quantity of bytes above zero, whole or with a fraction, with a binary or decimal suffix or none. */
function isSize(size: string): boolean {
  return /^(\d+(\.\d+)?)(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/.test(size) && Number.parseFloat(size) > 0
}
