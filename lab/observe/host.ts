import { basename, isAbsolute } from 'node:path'
import { tryRun } from '../host/run.js'
import type { Run } from '../host/run.js'
import { collect } from './collect.js'
import type { Collecting } from './collect.js'
import { parseContainerlab, parseDockerPs } from './containers.js'
import type { ContainerObservations, Part } from './model/observations.js'
import type { EngineAccess } from './model/target.js'
import { NODE_MS } from './deadlines.js'

/** The containers of the lab, as containerlab and as the engine list them. */
export async function collectContainers(
  collecting: Collecting,
  engine: EngineAccess,
  lab: string,
): Promise<ContainerObservations> {
  const label = `label=io.x-k8s.kind.cluster=${lab}`
  const [containerlab, kind] = await Promise.all([
    command(
      collecting,
      'containers.containerlab',
      engine,
      [engine.containerlab, 'inspect', '--topo', engine.topologyFile, '--format', 'json'],
      parseContainerlab,
    ),
    command(
      collecting,
      'containers.kind',
      engine,
      [engine.docker, 'ps', '--all', '--filter', label, '--format', '{{json .}}'],
      parseDockerPs,
    ),
  ])
  return { containerlab, kind }
}

function command<T>(
  collecting: Collecting,
  name: string,
  engine: EngineAccess,
  [file = '', ...args]: readonly string[],
  parse: (stdout: string) => T,
): Promise<Part<T>> {
  const run: Run = engine.run ?? tryRun
  // Where a file lies is this machine's affair, and no part of what was seen.
  const source = [file, ...args].map((word) => (isAbsolute(word) ? basename(word) : word)).join(' ')
  return collect(collecting, { name, source, deadlineMs: NODE_MS }, async (signal) => {
    const { exitCode, stdout, stderr } = await run(file, args, {
      signal,
      env: { CLAB_VERSION_CHECK: 'disable' },
    })
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr.trim() || stdout.trim()}`)
    return parse(stdout)
  })
}
