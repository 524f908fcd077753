import { PROBE_IMAGE } from '../../lab/host/engine.js'
import { command } from './program.js'

/** What is somebody else's and looks like the lab's, each by one of the ways in which it could be mistaken. */
export class Decoys {
  private readonly containers: readonly (readonly [name: string, ...labels: string[]])[]
  private readonly network: string
  private readonly volume: string

  constructor(lab: string) {
    this.containers = [
      // The names of the lab's nodes, and more.
      [`${lab}-worker9`],
      [`my-${lab}-control-plane`],
      // The labels of the lab, with values that only begin with its name, or that it begins with.
      [`${lab}x-control-plane`, `io.x-k8s.kind.cluster=${lab}x`, `containerlab=${lab}x`],
      [`${lab}-1-db`, `containerlab=${lab}-1`, `headless-lab.dev/lab=${lab}-1`],
      ['headless', 'io.x-k8s.kind.cluster=headless', 'headless-lab.dev/lab=headless'],
      // Its name, as the value of labels that say something else.
      ['headless-decoy', `io.x-k8s.kind.role=${lab}`, `clab-topo=${lab}`, `lab=${lab}`],
    ]
    this.network = `kind-${lab}`
    this.volume = lab
  }

  /** They are never started: the image of the probe, which every deploy needs, does for all. */
  async make(): Promise<void> {
    await must('network', 'create', this.network)
    await must('volume', 'create', this.volume)
    for (const [name, ...labels] of this.containers) {
      const given = labels.flatMap((label) => ['--label', label])
      const place = ['--network', this.network, '--volume', `${this.volume}:/data`]
      await must('create', '--name', name, ...given, ...place, PROBE_IMAGE, '/bin/true')
    }
  }

  /** Those that are gone. */
  async missing(): Promise<string[]> {
    const lines = [
      ...(await must('ps', '-a', '--format', 'container {{.Names}}')),
      ...(await must('network', 'ls', '--format', 'network {{.Name}}')),
      ...(await must('volume', 'ls', '--format', 'volume {{.Name}}')),
    ]
    return [
      ...this.containers.map(([name]) => `container ${name}`),
      `network ${this.network}`,
      `volume ${this.volume}`,
    ].filter((line) => !lines.includes(line))
  }

  /** Removes what is there of them, also from a run of the tests that was interrupted. */
  async remove(): Promise<void> {
    for (const [name] of this.containers) await command('docker', 'rm', '-f', name)
    await command('docker', 'network', 'rm', this.network)
    await command('docker', 'volume', 'rm', this.volume)
  }
}

async function must(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await command('docker', ...args)
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`)
  return stdout.split('\n')
}
