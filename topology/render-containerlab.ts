import type { LinuxNode, Topology } from './model.js'
import { renderedComment, toYaml } from './yaml.js'

export interface ContainerlabOptions {
  /** The node image as the Docker engine knows it. */
  readonly nodeImage: string
  /** Path of the file `renderKindConfig` gave, relative to the containerlab file. */
  readonly kindConfigFile: string
  /**
   * References of images, by the name that linux nodes give them.
   * @default - every image is known to the Docker engine by its name
   */
  readonly linuxImages?: Readonly<Record<string, string>>
  /**
   * IPv4 range of the nodes' network, where that is not there yet: see `freeNodesSubnet`.
   * @default - the engine takes one of its pools, whatever the topology's ranges are
   */
  readonly nodesSubnet?: string
}

/** The name of the Docker network of the nodes: kind's own. */
export const nodesNetwork = 'kind'

/** The name of the container of a linux node. */
export const linuxContainerName = (topology: Pick<Topology, 'name'>, node: Pick<LinuxNode, 'name'>): string =>
  `${topology.name}-${node.name}`

/**
 * The containerlab topology (0.60) of the lab, as YAML: one `k8s-kind` node that is the whole cluster, and the
 * linux nodes beside it. The cluster's containers are not listed a second time as `ext-container`: those are
 * for links, `inspect` would show every node twice, and each makes a deploy whose kind fails wait 15 minutes.
 */
export function renderContainerlab(topology: Topology, options: ContainerlabOptions): string {
  const file = toYaml({
    name: topology.name,
    // Containers are `<lab>-<node>`, as kind's are: two labs never share a name.
    prefix: '__lab-name',
    mgmt: {
      // The nodes' own network, so that pods reach linux nodes and no second network is made. Where it is
      // absent it is made, never with containerlab's fixed range, which may be another lab's.
      network: nodesNetwork,
      'ipv4-subnet': options.nodesSubnet ?? 'auto',
      ...(topology.ipFamily === 'ipv4' ? {} : { 'ipv6-subnet': 'auto' }),
      // No rule of the host's firewall that a teardown would have to take out again.
      'external-access': false,
    },
    topology: {
      nodes: {
        [topology.name]: {
          kind: 'k8s-kind',
          image: options.nodeImage,
          'startup-config': options.kindConfigFile,
          // Nodes cannot be Ready before Calico is there, and that is applied later.
          extras: { k8s_kind: { deploy: { wait: '0s' } } },
        },
        ...Object.fromEntries(topology.linuxNodes.map((node) => [node.name, linuxNode(node, options)])),
      },
    },
  })
  return renderedComment + literal(file)
}

const linuxNode = (
  { image, env, cmd }: LinuxNode,
  { linuxImages = {} }: Pick<ContainerlabOptions, 'linuxImages'>,
): object => ({
  kind: 'linux',
  // An image may be called what every object has, `constructor` for example.
  image: (Object.hasOwn(linuxImages, image) ? linuxImages[image] : undefined) ?? image,
  ...(Object.keys(env).length > 0 ? { env } : {}),
  ...(cmd === undefined ? {} : { cmd }),
})

/** containerlab runs its file through Go's templates and then replaces `$VAR`: both are escaped. */
const literal = (text: string): string => text.replaceAll('{{', '{{`{{`}}').replaceAll('$', '$$$$')
