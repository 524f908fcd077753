import { stringify } from 'yaml'

/** Where the rights are needed. */
export interface RbacProps {
  /** What is verified; `*` for all. */
  readonly namespaces: readonly string[]
  /** Where probe pods are looked for and made. */
  readonly probeNamespace: string
  /** Whether scenarios are run, too. */
  readonly scenarios?: boolean
}

const NAME = 'headless-lab-verify'
const SYSTEM = 'kube-system'
const RBAC = 'rbac.authorization.k8s.io'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** An exec is a GET that is upgraded to a web socket; newer API servers ask for `create` as well. */
const EXEC: Rule = { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] }

/** Everything that claims are derived from and judged by, in the namespaces that are verified. */
const READ: readonly Rule[] = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: [''], resources: ['services', 'pods', 'persistentvolumeclaims'], verbs: ['list'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
  { apiGroups: ['apps'], resources: ['statefulsets', 'deployments', 'daemonsets'], verbs: ['list'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list'] },
]

/** Of the servers in them: their logs, and what their own tools say. */
const ASK: readonly Rule[] = [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }, EXEC]

const PROBE: readonly Rule[] = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'create', 'delete'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list'] },
  EXEC,
]

const CLUSTER: readonly Rule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
  {
    apiGroups: ['crd.projectcalico.org'],
    resources: ['ippools', 'blockaffinities', 'ipamblocks'],
    verbs: ['list'],
  },
]

const SYSTEM_READ: readonly Rule[] = [
  {
    ...{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['coredns', 'kube-proxy'] },
    verbs: ['get'],
  },
  {
    ...{ apiGroups: ['apps'], resources: ['daemonsets'], resourceNames: ['kube-proxy', 'node-local-dns'] },
    verbs: ['get'],
  },
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
]

/** What scenarios do: pods go, and a StatefulSet gets more of them for a while. */
const DISRUPT: readonly Rule[] = [
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'delete'] },
  { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['statefulsets/scale'], verbs: ['patch'] },
]

const SYSTEM_DISRUPT: readonly Rule[] = [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'delete'] }]

/**
 * A manifest of a ServiceAccount with exactly the rights that verifying needs, to be read before it is applied.
 * Each part says what is lost without it.
 */
export function rbacYaml({ namespaces, probeNamespace, scenarios = false }: RbacProps): string {
  const all = namespaces.includes('*')
  const listNamespaces: Rule = { apiGroups: [''], resources: ['namespaces'], verbs: ['list'] }
  const whole = [...CLUSTER, ...(all ? [listNamespaces, ...READ, ...ASK] : [])]
  const disturbed = !scenarios ? [] : all ? [undefined] : namespaces
  const parts = [
    part(
      `Who verifies. Make a kubeconfig with its token: kubectl create token -n ${probeNamespace} ${NAME}`,
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: NAME, namespace: probeNamespace },
      },
    ),
    ...granted(
      'The nodes, and the data of Calico. Without the nodes nothing is asked from any of them.',
      undefined,
      NAME,
      whole,
      probeNamespace,
    ),
    ...(all
      ? []
      : namespaces.flatMap((namespace) => [
          ...granted(
            `What is declared in ${namespace}, and what became of it. What may not be read is inconclusive.`,
            namespace,
            NAME,
            READ,
            probeNamespace,
          ),
          ...granted(
            `What the servers in ${namespace} say of themselves (redis, postgres, kafka, mysql, grpc). Leave it out: those checks are inconclusive.`,
            namespace,
            `${NAME}-servers`,
            ASK,
            probeNamespace,
          ),
        ])),
    ...granted(
      `A short-lived, restricted pod on each node to ask from, in ${probeNamespace}. Without it DNS cannot be judged, unless there are pods with the label app=multitool.`,
      probeNamespace,
      `${NAME}-probe`,
      PROBE,
      probeNamespace,
    ),
    ...granted(
      'The configuration of CoreDNS and kube-proxy, and whether a cache for DNS stands on the nodes.',
      SYSTEM,
      `${NAME}-system`,
      SYSTEM_READ,
      probeNamespace,
    ),
    ...granted(
      'The rules of kube-proxy, read by exec in its pods, which are privileged: whoever may do this may do everything. Leave it out: the kube-proxy checks are inconclusive.',
      SYSTEM,
      `${NAME}-rules`,
      [EXEC],
      probeNamespace,
    ),
    ...disturbed.flatMap((namespace) =>
      granted(
        `What scenarios do ${namespace === undefined ? 'anywhere' : `in ${namespace}`}: delete pods, and scale StatefulSets.`,
        namespace,
        `${NAME}-scenarios`,
        DISRUPT,
        probeNamespace,
      ),
    ),
    ...(scenarios
      ? granted(
          'What the scenario coredns-killed does: deletes one pod of CoreDNS.',
          SYSTEM,
          `${NAME}-scenarios`,
          SYSTEM_DISRUPT,
          probeNamespace,
        )
      : []),
  ]
  return parts.join('---\n') + operatorCalico(probeNamespace)
}

/** A role in a namespace that is not there cannot be applied, so that it is for people to take in. */
function operatorCalico(probeNamespace: string): string {
  const yaml = granted(
    undefined,
    'calico-system',
    `${NAME}-calico`,
    [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    probeNamespace,
  ).join('---\n')
  const lines = [
    "Where Calico's operator installed it, calico.node.ready is inconclusive without this:",
    '---',
  ]
  return [...lines, ...yaml.trimEnd().split('\n')].map((line) => `# ${line}\n`).join('')
}

/** A role and its binding: of the cluster where no namespace is named. */
function granted(
  comment: string | undefined,
  namespace: string | undefined,
  name: string,
  rules: readonly Rule[],
  accountNamespace: string,
): string[] {
  const prefix = namespace === undefined ? 'Cluster' : ''
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
  return [
    part(comment, { apiVersion: `${RBAC}/v1`, kind: `${prefix}Role`, metadata, rules }),
    part(undefined, {
      apiVersion: `${RBAC}/v1`,
      kind: `${prefix}RoleBinding`,
      metadata,
      roleRef: { apiGroup: RBAC, kind: `${prefix}Role`, name },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: accountNamespace }],
    }),
  ]
}

function part(comment: string | undefined, object: object): string {
  const lines = comment === undefined ? '' : `# ${comment}\n`
  // Without anchors: the same rule twice is two rules for whoever reads it.
  return lines + stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })
}
