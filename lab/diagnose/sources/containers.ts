import { nodesNetwork } from '../../../topology/index.js'
import { Engine, type Container } from '../../cluster/engine.js'
import { engineState } from '../../host/engine.js'
import { must } from '../../host/run.js'
import type { DiagnoseContext } from '../context.js'
import type { Part, Source } from '../part.js'
import { BYTES, LINES, MANY_BYTES, tailOf } from '../tail-of.js'

type Given = Pick<DiagnoseContext, 'plan' | 'run'>

/** The logs of all pods that a node has, of containers that are gone too: there whatever the API server says. */
const POD_LOGS =
  'for f in /var/log/pods/*/*/*.log; do echo "==> $f <=="; tail -n 300 "$f" | tail -c 65536; done'

/** containerd's own view, without crictl, which the node image does not have. */
const RUNTIME = 'for what in containers tasks images; do echo "==> $what <=="; ctr -n k8s.io "$what" ls; done'

const NETWORK = 'ip -brief address; echo; ip route; echo; ip -6 route; echo; df -h /var'

/** What is asked in a node that runs. */
const INSIDE: readonly (readonly [file: string, about: string, command: readonly string[]])[] = [
  ['kubelet.log', 'journal of the kubelet', journalOf('kubelet')],
  ['containerd.log', 'journal of containerd', journalOf('containerd')],
  ['pods.txt', 'the last lines of the containers of pods, as the node has them', ['sh', '-c', POD_LOGS]],
  ['runtime.txt', 'containers, tasks and images of containerd', ['sh', '-c', RUNTIME]],
  ['network.txt', 'addresses, routes and disk space', ['sh', '-c', NETWORK]],
]

function journalOf(unit: string): string[] {
  return ['journalctl', '-u', unit, '-n', String(LINES), '-o', 'short-iso', '--no-pager']
}

/**
 * Containers of the lab, stopped ones too.
 *
 * @throws when no engine runs; none is started
 */
export async function labContainers({ plan, run }: Given, signal: AbortSignal): Promise<Container[]> {
  const engine = await engineState(run, signal)
  if (engine === 'running') return new Engine(run, { signal }).containers(plan.name)
  throw new Error(engine === 'stopped' ? 'the Docker engine does not run' : 'there is no Docker engine')
}

/** The lab's containers, and what the nodes among them tell from inside. */
export const containersSource = (context: Given): Source => ({
  name: 'containers',
  find: async (signal) => {
    const containers = await labContainers(context, signal)
    if (containers.length === 0) throw new Error(`lab ${context.plan.name} has none`)
    return [networkPart(context), ...containers.flatMap((container) => partsOf(container, context))]
  },
})

function networkPart({ run }: Given): Part {
  return {
    file: 'containers/network.json',
    about: `the network ${nodesNetwork} of the engine`,
    read: async (signal) =>
      (await must(run)('docker', ['network', 'inspect', nodesNetwork], { signal })).stdout,
  }
}

function partsOf(container: Container, { plan, run }: Given): Part[] {
  const { id, name, state } = container
  const engine = (signal: AbortSignal): Engine => new Engine(run, { signal })
  const part = (file: string, about: string, read: Part['read']): Part => ({
    ...{ file: `containers/${name}/${file}`, about },
    read: async (signal) => tailOf(await read(signal), file.endsWith('.log') ? BYTES : MANY_BYTES),
  })
  return [
    part(
      'inspect.json',
      `docker inspect of ${name}`,
      async (signal) => (await must(run)('docker', ['container', 'inspect', id], { signal })).stdout,
    ),
    part('docker.log', `what ${name} wrote`, (signal) => engine(signal).logs(id, LINES)),
    ...(plan.nodes.includes(name)
      ? INSIDE.map(([file, about, command]) =>
          part(file, about, (signal) => {
            if (state !== 'running') return Promise.reject(new Error(`${name} is ${state}`))
            return engine(signal).exec(id, ...command)
          }),
        )
      : []),
  ]
}
