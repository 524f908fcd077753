import { k8s } from 'cdk8s-plus-28'
import { Construct } from 'constructs'
import type { Labels } from '../labels.js'

/** Properties of {@link PatroniAccess}. */
export interface PatroniAccessProps {
  /** Name of the StatefulSet, and of all objects here. */
  readonly name: string
  readonly labels: Labels
  /** Number of pods, 1 to {@link REPLICAS_MAX}. */
  readonly replicas: number
}

/**
 * What Patroni may ask of the API server: the ConfigMaps that hold its cluster's lock and settings, and the
 * labels and annotations of its own pods. RBAC cannot limit by name what is listed, watched or created; what is
 * read, changed and deleted otherwise is its own.
 */
export class PatroniAccess extends Construct {
  readonly serviceAccountName: string

  constructor(scope: Construct, id: string, { name, labels, replicas }: PatroniAccessProps) {
    super(scope, id)
    this.serviceAccountName = name
    const metadata = { name, labels: { ...labels } }
    new k8s.KubeServiceAccount(this, 'service-account', {
      metadata,
      // A pod has to ask for the token: only those of Postgres do.
      automountServiceAccountToken: false,
    })
    new k8s.KubeRole(this, 'role', {
      metadata,
      rules: [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'list', 'watch'] },
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: STORES.map((store) => `${name}-${store}`),
          verbs: ['get', 'patch'],
        },
        { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
        {
          apiGroups: [''],
          resources: ['pods'],
          resourceNames: podNames(name, replicas),
          verbs: ['patch'],
        },
      ],
    })
    new k8s.KubeRoleBinding(this, 'role-binding', {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name }],
    })
  }
}

/** The ConfigMaps that Patroni makes, by the end of their names. */
const STORES = ['config', 'failover', 'leader', 'sync']

/** The most pods that one primary feeds, by Patroni's own default of `max_wal_senders`. */
export const REPLICAS_MAX = 10

/** None for a bad number of replicas: a rule refuses it, and here it must not be counted up to. */
function podNames(name: string, replicas: number): string[] {
  const length = Number.isInteger(replicas) && replicas <= REPLICAS_MAX ? replicas : 0
  return Array.from({ length }, (_, ordinal) => `${name}-${ordinal}`)
}
