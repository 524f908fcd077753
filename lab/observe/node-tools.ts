import { CoreV1Api } from '@kubernetes/client-node'
import { tryRun } from '../host/run.js'
import { request } from './api.js'
import type { ExecResult, ExecTarget } from './exec.js'
import type { Looking } from './looking.js'
import { wordsOf } from '../words.js'

/** A command that is run on a node, with its network. */
export interface OnNode {
  /** How it is reached, for people: `docker exec worker`. */
  readonly by: string
  readonly run: (command: readonly string[], signal: AbortSignal) => Promise<ExecResult>
}

/** The ways to run a command on a node, the best one first, and what to say where there is none. */
export type NodeTools = (node: string, signal: AbortSignal) => Promise<Ways>

interface Ways {
  readonly ways: readonly OnNode[]
  readonly lacking: string
}

/** Where kubeadm, kind, k3d's and most managed clusters keep kube-proxy. */
const PROXY = { namespace: 'kube-system', label: 'k8s-app=kube-proxy' }

/**
 * On a lab's node directly. Elsewhere in the pod of kube-proxy, which has the node's network and the tools that
 * kube-proxy itself writes its rules with; or in a privileged probe, where people said that such may be made.
 */
export function nodeTools(looking: Looking): NodeTools {
  const { engine, exec, privilegedProbes } = looking
  if (engine !== undefined) {
    const run = engine.run ?? tryRun
    return (node) =>
      Promise.resolve({
        ways: [
          {
            by: `docker exec ${node}`,
            run: (command, signal) => run(engine.docker, ['exec', node, ...command], { signal }),
          },
        ],
        lacking: '',
      })
  }
  const inPod = (target: ExecTarget, before: readonly string[] = []): OnNode => ({
    by: ['kubectl', 'exec', '-n', target.namespace, target.pod, '--', ...before].join(' '),
    run: (command, signal) => exec(target, [...before, ...command], signal),
  })
  let pods: Promise<ProxyPods> | undefined
  return async (node, signal) => {
    const { byNode, problem } = await (pods ??= proxyPods(looking, signal))
    const proxy = byNode.get(node)
    const privileged = privilegedProbes?.get(node)
    return {
      ways: [
        ...(proxy === undefined ? [] : [inPod(proxy)]),
        // The node's own tools know best which of the kernel's interfaces are used; not all nodes have them.
        ...(privileged === undefined
          ? []
          : [inPod(privileged, ['nsenter', '-t', '1', '-m', '--']), inPod(privileged)]),
      ],
      lacking: `${problem ?? 'no pod of kube-proxy runs on the node'}; and there is no privileged probe on it (--privileged-probe)`,
    }
  }
}

/** What the command prints on a node, in the first way that works. */
export async function runOnNode(
  tools: NodeTools,
  node: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { ways, lacking } = await tools(node, signal)
  const failed: string[] = []
  // Where there is only one way, the source of the part says it.
  const said = (by: string, reason: string): string => (ways.length > 1 ? `${by}: ${reason}` : reason)
  for (const { by, run } of ways) {
    try {
      const { exitCode, stdout, stderr } = await run(command, signal)
      if (exitCode === 0) return stdout
      failed.push(said(by, `exit code ${exitCode}: ${stderr.trim() || stdout.trim()}`))
    } catch (error) {
      signal.throwIfAborted()
      failed.push(said(by, wordsOf(error)))
    }
  }
  throw new Error(failed.length === 0 ? lacking : failed.join('; '))
}

interface ProxyPods {
  readonly byNode: ReadonlyMap<string, ExecTarget>
  /** Why they are not known. */
  readonly problem?: string
}

/** The pod of kube-proxy on each node. Never throws: where they may not be listed, there may be a probe still. */
async function proxyPods({ kubeconfig }: Looking, signal: AbortSignal): Promise<ProxyPods> {
  const { namespace, label } = PROXY
  try {
    const { items } = await request(kubeconfig, signal, (configuration) =>
      new CoreV1Api(configuration).listNamespacedPod({ namespace, labelSelector: label }),
    )
    const running = items.flatMap(({ metadata, spec, status }) => {
      const container = spec?.containers[0]?.name
      if (spec?.nodeName === undefined || container === undefined || status?.phase !== 'Running') return []
      return [[spec.nodeName, { namespace, pod: metadata?.name ?? '', container }] as const]
    })
    return { byNode: new Map(running) }
  } catch (error) {
    const reason = wordsOf(error)
    return { byNode: new Map(), problem: `the pods of kube-proxy cannot be listed: ${reason}` }
  }
}
