import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { defaultSource } from '../artifacts/default-source.js'
import { mustBeThere, openLab, type LabOptions } from './context.js'

/** Tools of the cache that are run with the lab's kubeconfig: where each is, and what it must be called. */
const tools = {
  calicoctl: { artifact: 'calico', path: 'bin/calicoctl', env: { DATASTORE_TYPE: 'kubernetes' } },
  containerlab: { artifact: 'containerlab', path: 'containerlab', env: { CLAB_VERSION_CHECK: 'disable' } },
  kubectl: { artifact: 'kubernetes', path: 'kube', env: {} },
} as const

/** Runs a tool on the lab, with this terminal; gives its exit code. */
export async function runTool(
  name: keyof typeof tools,
  args: readonly string[],
  options: LabOptions,
): Promise<number> {
  const lab = await openLab(options)
  await mustBeThere(lab)
  const { artifact, path, env } = tools[name]
  const { folder } = await (await defaultSource()).get(artifact)
  // argv0: the programs of Kubernetes are one binary that goes by the name it is called.
  const child = spawn(join(folder, path), args, {
    argv0: name,
    stdio: 'inherit',
    // The document names containerlab's file without its folder.
    ...(name === 'containerlab' ? { cwd: lab.state.folder } : {}),
    env: { ...process.env, ...env, KUBECONFIG: lab.state.kubeconfig() },
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return code ?? (signal === 'SIGINT' ? 130 : 143)
}
