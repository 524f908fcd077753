import { stringify, parseAllDocuments } from 'yaml'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rbacManifest, withCluster } from '../../../../lab/observe/any-cluster.js'
import { observe } from '../../../../lab/observe/observe.js'
import type { ApiCall } from '../../cluster/api-server.js'
import { temporaryFolder } from '../../host/fakes.js'
import { fakeCluster, node } from './fake-cluster.js'

interface Role {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly resourceNames?: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

/** A request as the API server's authorizer sees it. */
interface Attributes {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
}

function attributesOf({ method, path }: Pick<ApiCall, 'method' | 'path'>): Attributes {
  const [, group = '', rest = ''] = /^\/(?:api\/v1|apis\/([^/]+)\/[^/]+)\/(.*)$/.exec(path) ?? []
  const words = rest.split('/')
  const namespaced = words[0] === 'namespaces' && words.length > 1
  const [resource = '', name, sub] = namespaced && words.length > 2 ? words.slice(2) : words
  const verb =
    { GET: name === undefined ? 'list' : 'get', POST: 'create', DELETE: 'delete' }[method] ?? method
  return {
    ...{ verb, group, resource: sub === undefined ? resource : `${resource}/${sub}` },
    ...(namespaced ? { namespace: words[1] as string } : {}),
    ...(name === undefined ? {} : { name }),
  }
}

/** Every single right: a verb on a resource in a namespace. */
function rightsOf(manifest: string): { role: Role; granted: string; rule: Role['rules'][number] }[] {
  const roles = parseAllDocuments(manifest)
    .map((document) => document.toJS() as Role)
    .filter(({ kind }) => kind.endsWith('Role'))
  return roles.flatMap((role) =>
    role.rules.flatMap((rule) =>
      rule.apiGroups.flatMap((group) =>
        rule.resources.flatMap((resource) =>
          rule.verbs.map((verb) => ({
            ...{ role, rule },
            granted: `${verb} ${group}/${resource} ${role.metadata.namespace ?? '*'}`,
          })),
        ),
      ),
    ),
  )
}

const said = ({ verb, group, resource }: Attributes, namespace: string): string =>
  `${verb} ${group}/${resource} ${namespace}`

/** What a run asks of the API, where it may do everything. */
async function asked(namespaces: readonly string[], probeNamespace: string): Promise<Attributes[]> {
  const cluster = await fakeCluster({
    lists: {
      '/api/v1/nodes': [node('a')],
      '/api/v1/namespaces': [{ metadata: { name: 'web' } }],
      '/api/v1/namespaces/web/services': [
        {
          metadata: { name: 'redis', namespace: 'web' },
          spec: { clusterIP: 'None', selector: { app: 'redis' } },
        },
      ],
    },
    objects: { '/api/v1/namespaces/web': { metadata: { name: 'web' } } },
  })
  const kubeconfig = join(await temporaryFolder(), 'kubeconfig')
  await writeFile(kubeconfig, stringify(JSON.parse(cluster.config.exportConfig())))
  await withCluster({ kubeconfig, namespaces, probeNamespace }, {}, (target) => observe(target))
  return cluster.calls.map(attributesOf)
}

describe('the rights that are printed', () => {
  it.each([
    ['of a namespace', ['web'], 'probes'],
    ['of the namespace of the probes', ['web'], 'web'],
    ['of all namespaces', ['*'], 'probes'],
  ])('%s are those that are used, and no others', async (_, namespaces, probeNamespace) => {
    const rights = rightsOf(rbacManifest({ namespaces, probeNamespace }))
    const used = new Set<string>()
    for (const attributes of await asked(namespaces, probeNamespace)) {
      const matching = rights.filter(
        ({ granted, rule }) =>
          [attributes.namespace ?? '*', '*'].some((namespace) => said(attributes, namespace) === granted) &&
          (rule.resourceNames === undefined || rule.resourceNames.includes(attributes.name ?? '')),
      )
      // Pods of Calico's operator are looked for where there may be no such namespace to give rights in.
      if (attributes.namespace === 'calico-system') continue
      expect(matching, `nothing grants ${JSON.stringify(attributes)}`).not.toEqual([])
      for (const { granted } of matching) used.add(granted)
    }
    const unused = rights.map(({ granted }) => granted).filter((granted) => !used.has(granted))
    // Web sockets, and logs, which only servers have: neither is in this cluster.
    expect(unused.filter((granted) => !/pods\/(exec|log)/.test(granted))).toEqual([])
  })

  it('are bound to one account, each role once', () => {
    const documents = parseAllDocuments(
      rbacManifest({ namespaces: ['web', 'kube-system'], probeNamespace: 'web' }),
    )
    const objects = documents.map((document) => document.toJS() as Role & { subjects?: object[] })
    const key = ({ kind, metadata }: Role): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
    expect(new Set(objects.map(key)).size).toBe(objects.length)
    for (const { subjects } of objects.filter(({ kind }) => kind.endsWith('Binding'))) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'headless-lab-verify', namespace: 'web' }])
    }
  })

  it('have for Calico of an operator what can be taken in, as its namespace may not be there', () => {
    const manifest = rbacManifest({ namespaces: ['web'] })
    const yaml = manifest.slice(manifest.indexOf('# ---\n')).replaceAll(/^# /gm, '')
    expect(rightsOf(yaml).map(({ granted }) => granted)).toEqual(['list /pods calico-system'])
    expect(parseAllDocuments(yaml).map((document) => (document.toJS() as Role).kind)).toEqual([
      'Role',
      'RoleBinding',
    ])
  })

  it('say what they are for', () => {
    expect(rbacManifest({ namespaces: ['web'] })).toMatch(
      /^# Who verifies\. .*kubectl create token -n web headless-lab-verify\n/,
    )
  })
})
