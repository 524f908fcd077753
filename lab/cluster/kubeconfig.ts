import { parse, stringify } from 'yaml'

interface RawKubeconfig {
  clusters: { name: string; cluster: { server: string } }[]
}

/**
 * The cluster's admin kubeconfig as it is on the control plane, made to point at the port that the engine
 * publishes on this host. Pure.
 *
 * @param adminConf text of /etc/kubernetes/admin.conf
 * @param address `127.0.0.1:<port>`
 */
export function hostKubeconfig(adminConf: string, name: string, address: string): string {
  const config = parse(adminConf) as RawKubeconfig & Record<string, unknown>
  const user = `kind-${name}`
  return stringify({
    ...config,
    clusters: config.clusters.map(({ cluster }) => ({
      name: user,
      cluster: { ...cluster, server: `https://${address}` },
    })),
    users: (config['users'] as { user: unknown }[]).map((entry) => ({ name: user, user: entry.user })),
    contexts: [{ name: user, context: { cluster: user, user } }],
    'current-context': user,
  })
}
