import { PROBE_IMAGE } from '../../lab/host/engine.js'
import { differences } from './host-listing.js'
import { command } from './program.js'

/** What is somebody else's and looks like the lab's, each by one of the ways in which it could be mistaken. */
export class Decoys {
  private readonly containers: readonly (readonly [name: string, ...labels: string[]])[]
  private readonly running: readonly string[]
  private readonly network: string
  private readonly volume: string
  private made: readonly string[] = []

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
    // One that is like it by its name, one by its labels: a stop, or a start, of what is not the lab's is seen.
    this.running = [`${lab}-worker9`, `${lab}x-control-plane`]
    this.network = `kind-${lab}`
    this.volume = lab
  }

  /** The image of the probe, which every deploy needs, does for all: its libraries are those of the host's `sleep`, too. */
  async make(): Promise<void> {
    await must('network', 'create', this.network)
    await must('volume', 'create', this.volume)
    for (const [name, ...labels] of this.containers) {
      const given = labels.flatMap((label) => ['--label', label])
      const place = ['--network', this.network, '--volume', `${this.volume}:/data`]
      const options = ['--name', name, ...given, ...place]
      if (this.running.includes(name)) {
        const sleep = ['--volume', '/bin/sleep:/bin/sleep:ro', PROBE_IMAGE, '/bin/sleep', 'infinity']
        await must('run', '--detach', ...options, ...sleep)
      } else await must('create', ...options, PROBE_IMAGE, '/bin/true')
    }
    this.made = await this.look(must)
    const up = this.made.filter((line) => line.includes(': running since '))
    if (up.length !== this.running.length) throw new Error(`decoys do not run: ${this.made.join('; ')}`)
  }

  /** How they differ from what was made: one that is gone, is another of the same name, or was stopped or started. */
  async changes(): Promise<string[]> {
    const now = await this.look(async (...args) => linesOf((await command('docker', ...args)).stdout))
    return differences(this.made, now)
  }

  /** Removes what is there of them, also from a run of the tests that was interrupted. */
  async remove(): Promise<void> {
    for (const [name] of this.containers) await command('docker', 'rm', '-f', name)
    await command('docker', 'network', 'rm', this.network)
    await command('docker', 'volume', 'rm', this.volume)
  }

  private async look(docker: (...args: string[]) => Promise<string[]>): Promise<string[]> {
    const container = 'container {{.Name}} {{.Id}}: {{.State.Status}} since {{.State.StartedAt}}'
    const names = this.containers.map(([name]) => name)
    return [
      ...(await docker('container', 'inspect', '--format', container, ...names)),
      ...(await docker('network', 'inspect', '--format', 'network {{.Name}} {{.Id}}', this.network)),
      ...(await docker('volume', 'inspect', '--format', 'volume {{.Name}} {{.CreatedAt}}', this.volume)),
    ]
  }
}

async function must(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await command('docker', ...args)
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`)
  return linesOf(stdout)
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')
