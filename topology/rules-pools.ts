import { contains, type Family } from './cidr.js'
import { issue, type Issue, type Key } from './issues.js'
import { nodeNames, type Topology } from './model.js'
import { checkOverlaps, type Placed } from './rules-ranges.js'

/** Calico: libcalico-go validates a pool's block size so. */
const blockSizes: Record<Family, { least: number; most: number }> = {
  4: { least: 20, most: 32 },
  6: { least: 116, most: 128 },
}

export function checkPools(
  topology: Topology,
  pods: readonly Placed[],
  pools: readonly Placed[],
  at: readonly Key[],
): Issue[] {
  const nodes = nodeNames(topology).length
  const missing = pods
    .filter((pod) => !pools.some(({ cidr }) => cidr.family === pod.cidr.family))
    .map((pod) =>
      issue([...at, 'pools'], `no pool gives IPv${pod.cidr.family} addresses; write one inside ${pod.text}`),
    )
  const single = topology.pools.flatMap((pool, i) => {
    const range = pools[i]
    return range ? [...checkPool(pool, range, pods, nodes, [...at, 'pools', i])] : []
  })
  const names = topology.pools.flatMap(({ name }, i) =>
    topology.pools.findIndex((other) => other.name === name) < i
      ? [
          issue(
            [...at, 'pools', i, 'name'],
            `${JSON.stringify(name)} is the name of an earlier pool; write another`,
          ),
        ]
      : [],
  )
  return [...missing, ...single, ...names, ...checkOverlaps(pools)]
}

function checkPool(
  pool: Topology['pools'][number],
  { keys, text, cidr }: Placed,
  pods: readonly Placed[],
  nodes: number,
  at: readonly Key[],
): Issue[] {
  const issues: Issue[] = []
  const within = pods.filter((pod) => pod.cidr.family === cidr.family)
  if (!within.some((pod) => contains(pod.cidr, cidr))) {
    const home =
      within.map((pod) => pod.text).join(' or ') ||
      `a pod subnet of IPv${cidr.family}, which ipFamily excludes`
    issues.push(issue(keys, `${text} is outside the pod subnets; write a range inside ${home}`))
  }
  const { least, most } = blockSizes[cidr.family]
  if (pool.blockSize < least || pool.blockSize > most) {
    const write = `write a prefix length from ${least} to ${most}`
    issues.push(
      issue([...at, 'blockSize'], `${pool.blockSize} is no block size of IPv${cidr.family}; ${write}`),
    )
  } else {
    // Which nodes a selector picks is known only to the cluster; all() is every node.
    const wanted = pool.nodeSelector.replaceAll(/\s/g, '') === 'all()' ? nodes : 1
    const shortest = cidr.prefix + Math.ceil(Math.log2(wanted))
    if (pool.blockSize < shortest) {
      const larger = pool.blockSize - Math.ceil(Math.log2(wanted))
      const smaller = shortest <= most ? ` or blockSize ${shortest} or more` : ''
      issues.push(
        issue(
          keys,
          `${text} has no block of /${pool.blockSize} for each of ${wanted} ${wanted === 1 ? 'node' : 'nodes'}; write a prefix of /${larger} or shorter${smaller}`,
        ),
      )
    }
  }
  // Felix makes routes between nodes for VXLAN pools alone; without encapsulation BGP would, and the lab has none.
  if (pool.encapsulation === 'None' && nodes > 1) {
    issues.push(
      issue(
        [...at, 'encapsulation'],
        'None needs BGP between the nodes, which the lab has not; write VXLAN or VXLANCrossSubnet',
      ),
    )
  }
  return issues
}
