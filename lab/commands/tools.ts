import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
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
  return runAttached(join(folder, path), args, {
    // The programs of Kubernetes are one binary that goes by the name it is called.
    argv0: name,
    // The document names containerlab's file without its folder.
    ...(name === 'containerlab' ? { cwd: lab.state.folder } : {}),
    env: {
      ...process.env,
      ...env,
      KUBECONFIG: lab.state.kubeconfig(),
      // Else kubectl keeps what it learns of the API server in ~/.kube.
      KUBECACHEDIR: lab.state.file('kube-cache'),
    },
  })
}

/** Runs a program with this terminal, and passes on to it what this one is told; gives its exit code. */
export async function runAttached(
  file: string,
  args: readonly string[],
  options: { argv0: string; cwd?: string; env: NodeJS.ProcessEnv },
): Promise<number> {
  const child = spawn(file, args, { ...options, stdio: 'inherit' })
  // A terminal sends Ctrl-C to the child as well: twice would make it give up its own way to end.
  const passed = ['SIGTERM', 'SIGHUP', ...(process.stdin.isTTY ? [] : ['SIGINT'])] as NodeJS.Signals[]
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  for (const signal of passed) process.on(signal, pass)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  } finally {
    for (const signal of passed) process.off(signal, pass)
  }
}
