import { issue, type Issue } from '../../topology/issues.js'
import type { LinuxNode } from '../../topology/model.js'

/** The linux node that is a database outside the cluster. Its image is this lab's own build. */
export const externalDatabaseNode: LinuxNode = {
  name: 'external-db',
  image: 'headless-lab/postgres',
  env: {},
  cmd: '/usr/local/bin/postgres-standalone',
}

/** Names a spec gives that this node has already, each at its own place. */
export function externalDatabaseIssues(lab: string, linuxNodes: readonly { name: string }[]): Issue[] {
  const { name } = externalDatabaseNode
  const taken = `${JSON.stringify(name)} is the node of workloads.externalDatabase; write another, or turn that off`
  return [
    ...(lab === name ? [issue(['name'], taken)] : []),
    ...linuxNodes.flatMap((node, i) =>
      node.name === name ? [issue(['topology', 'linuxNodes', i, 'name'], taken)] : [],
    ),
  ]
}
