import { Engine, type Container } from '../../cluster/engine.js'
import { tail } from '../../host/run.js'
import type { DeployContext } from '../deploy-context.js'
import { SECOND } from '../durations.js'

/** Less than a step's explanation may take: what one part does not tell in time must not hide the others. */
const ASK_MS = 10 * SECOND
const LINES = 15

/** What explains that nodes do not come about. Their undo removes all of it. */
export async function explainNodes({ plan, state, run }: DeployContext): Promise<string> {
  const engine = new Engine(run, { signal: AbortSignal.timeout(ASK_MS) })
  const containers = await engine.containers(plan.name).catch((error: unknown) => String(error))
  const parts = await Promise.all([
    part('containers', async () => Promise.resolve(statesOf(containers))),
    part('log of containerlab', async () => (await state.read('logs/containerlab.log')) ?? ''),
    ...(typeof containers === 'string' ? [] : insideOf(containers, plan.nodes[0] ?? '', engine)),
  ])
  return parts.join('\n')
}

const statesOf = (containers: readonly Container[] | string): string =>
  typeof containers === 'string'
    ? containers
    : containers.map(({ name, state }) => `${name}: ${state}`).join('\n')

function insideOf(containers: readonly Container[], name: string, engine: Engine): Promise<string>[] {
  const node = containers.find((container) => container.name === name)
  if (node === undefined) return []
  const log = part(`log of ${name}`, () => engine.logs(node.id, LINES))
  if (node.state !== 'running') return [log]
  const journalctl = ['journalctl', '-u', 'kubelet', '-n', `${LINES}`, '--no-pager']
  return [log, part(`kubelet of ${name}`, () => engine.exec(node.id, ...journalctl))]
}

/** A titled part, its last lines indented. */
async function part(title: string, ask: () => Promise<string>): Promise<string> {
  const text = await ask().catch((error: unknown) => String(error))
  const lines = tail(text.trim() === '' ? 'none' : text, LINES).split('\n')
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n')
}
