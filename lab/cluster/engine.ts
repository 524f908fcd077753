import { isIP } from 'node:net'
import { LabError } from '../errors.js'
import { isOver, RUN_LABEL } from '../host/descendants.js'
import { PROBE_IMAGE } from '../host/engine.js'
import { must, type Run, type RunOptions } from '../host/run.js'
import { LAB_LABEL } from './lab-label.js'
import type { HostNetworks } from '../../topology/index.js'

/** A container as far as the lab cares. */
export interface Container {
  readonly id: string
  readonly name: string
  /** Docker's state: `running`, `exited`, `paused`, `created`, … */
  readonly state: string
  /** Reference of the image it was made from. */
  readonly image: string
}

/** How many containers of a lab, a kind cluster or a containerlab topology there are, and how many of them run. */
export interface LabInEngine {
  readonly name: string
  readonly running: number
  readonly all: number
}

/**
 * The labels that make a container the lab's, each with the lab's name as its exact value: kind's,
 * containerlab's and ours.
 */
const OWNER_LABELS = ['io.x-k8s.kind.cluster', 'containerlab', LAB_LABEL]

/** The name Docker gives a volume that nobody named. */
const ANONYMOUS = /^[0-9a-f]{64}$/

/** The Docker engine, as far as a lab needs it. */
export class Engine {
  private readonly run: Run

  constructor(
    private readonly tryRun: Run,
    private readonly options: RunOptions = {},
  ) {
    this.run = must(tryRun)
  }

  private async lines(...args: string[]): Promise<string[]> {
    const { stdout } = await this.run('docker', args, this.options)
    return stdout.split('\n').filter((line) => line !== '')
  }

  /** All containers that are the lab's, stopped ones too. */
  async containers(lab: string): Promise<Container[]> {
    const format = '{{.ID}}\t{{.Names}}\t{{.State}}\t{{.Image}}'
    const found = await Promise.all(
      OWNER_LABELS.map((label) =>
        this.lines('ps', '-a', '--no-trunc', '--filter', `label=${label}=${lab}`, '--format', format),
      ),
    )
    const unique = new Map(
      found.flat().map((line): [string, Container] => {
        const [id = '', name = '', state = '', image = ''] = line.split('\t')
        return [id, { id, name, state, image }]
      }),
    )
    return [...unique.values()].toSorted((a, b) => a.name.localeCompare(b.name))
  }

  /** Containers that only one run needed, such as those of builds, and that it could not remove any more. */
  async leftByRuns(): Promise<Pick<Container, 'id' | 'name'>[]> {
    const format = `{{.ID}}\t{{.Names}}\t{{.Label "${RUN_LABEL}"}}`
    const lines = await this.lines(
      'ps',
      '-a',
      '--no-trunc',
      '--filter',
      `label=${RUN_LABEL}`,
      '--format',
      format,
    )
    const found = await Promise.all(
      lines.map(async (line) => {
        const [id = '', name = '', run = ''] = line.split('\t')
        return (await isOver(run)) ? [{ id, name }] : []
      }),
    )
    return found.flat()
  }

  /**
   * Every lab of which containers are there, by any of the owner labels, and how many of them run. Somebody's kind
   * cluster and containerlab topology are labs, too: nothing at a container tells whose it is.
   */
  async labs(): Promise<LabInEngine[]> {
    const columns = ['{{.State}}', ...OWNER_LABELS.map((label) => `{{.Label "${label}"}}`)]
    const lines = await this.lines('ps', '-a', '--format', columns.join('\t'))
    const labs = new Map<string, LabInEngine>()
    for (const line of lines) {
      const [state, ...names] = line.split('\t')
      const name = names.find((one) => one !== '')
      if (name === undefined) continue
      const { running, all } = labs.get(name) ?? { running: 0, all: 0 }
      labs.set(name, { name, running: running + Number(state === 'running'), all: all + 1 })
    }
    return [...labs.values()].toSorted((a, b) => a.name.localeCompare(b.name))
  }

  /**
   * Removes containers, whatever their state.
   *
   * @param volumes whether to remove their anonymous volumes as well, which takes the engine longer than all the rest
   */
  async removeContainers(
    containers: readonly Pick<Container, 'id'>[],
    { volumes = true }: { readonly volumes?: boolean } = {},
  ): Promise<void> {
    if (containers.length === 0) return
    const options = ['-f', ...(volumes ? ['-v'] : [])]
    await this.run('docker', ['rm', ...options, ...containers.map(({ id }) => id)], this.options)
  }

  /**
   * Those of these names under which the engine is still making a container. It reserves the name, copies what the image
   * has where a volume is mounted, which takes seconds with a node of kind, and only then lists the container, also
   * where whoever asked for it is gone (moby, daemon/create.go). Nothing tells but that the name cannot be given to
   * another one, which is made for that and is the lab's until it is removed again.
   */
  async beingMade(names: readonly string[], lab: string): Promise<string[]> {
    const image = await this.anyImage()
    // Where no image is, nothing is made.
    if (image === undefined) return []
    // Before: what is listed while the names are tried was still being made.
    const listed = await this.lines('ps', '-a', '--format', '{{.Names}}')
    const unlisted = names.filter((name) => !listed.includes(name))
    const taken = await Promise.all(unlisted.map((name) => this.isTaken(name, lab, image)))
    return unlisted.filter((_, i) => taken[i])
  }

  /** That of the probe, which is small, or else another one. */
  private async anyImage(): Promise<string | undefined> {
    const list = ['image', 'ls', '-q', '--no-trunc']
    return (await this.lines(...list, PROBE_IMAGE))[0] ?? (await this.lines(...list))[0]
  }

  private async isTaken(name: string, lab: string, image: string): Promise<boolean> {
    const label = `${LAB_LABEL}=${lab}`
    const args = ['create', '--pull', 'never', '--name', name, '--label', label, image, 'true']
    const { exitCode, stdout, stderr } = await this.tryRun('docker', args, this.options)
    if (exitCode === 0) {
      await this.run('docker', ['container', 'rm', '-v', stdout.trim()], this.options)
      return false
    }
    // Where nothing can be created, on a disk that is full for one, nothing comes by itself either.
    return stderr.includes('is already in use')
  }

  /** Starts a container that exited, or was never started. */
  async start({ id }: Container): Promise<void> {
    await this.run('docker', ['start', id], this.options)
  }

  /**
   * Stops containers as their images want it, beside each other.
   *
   * @param seconds after which one that did not end is killed
   */
  async stop(containers: readonly Container[], seconds: number): Promise<void> {
    if (containers.length === 0) return
    await this.run('docker', ['stop', '-t', String(seconds), ...containers.map(({ id }) => id)], this.options)
  }

  async unpause({ id }: Container): Promise<void> {
    await this.run('docker', ['unpause', id], this.options)
  }

  /** Volumes that carry one of the owner labels: none that kind makes today, but theirs would be ours. */
  async volumes(lab: string): Promise<string[]> {
    const found = await Promise.all(
      OWNER_LABELS.map((label) => this.lines('volume', 'ls', '-q', '--filter', `label=${label}=${lab}`)),
    )
    return [...new Set(found.flat())]
  }

  /**
   * Volumes that belong to these containers alone: nothing labels them, so once the containers are gone their
   * names are all that tells whose they were. A volume with a name of its own is somebody's data.
   */
  async anonymousVolumes(containers: readonly Container[]): Promise<string[]> {
    if (containers.length === 0) return []
    const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}'
    const ids = containers.map(({ id }) => id)
    const names = await this.lines('container', 'inspect', '--format', format, ...ids)
    return [...new Set(names)].filter((name) => ANONYMOUS.test(name))
  }

  /** Those of these volumes that are there. */
  async volumesLeft(volumes: ReadonlySet<string>): Promise<string[]> {
    if (volumes.size === 0) return []
    return (await this.lines('volume', 'ls', '-q')).filter((volume) => volumes.has(volume))
  }

  /** One that is gone, or that the engine is removing already, is none that fails. */
  async removeVolumes(volumes: readonly string[]): Promise<void> {
    if (volumes.length > 0) await this.run('docker', ['volume', 'rm', '-f', ...volumes], this.options)
  }

  /** The id of a network, of 64 hexadecimal digits; `undefined` where there is none of that name. */
  async networkId(network: string): Promise<string | undefined> {
    const lines = await this.lines('network', 'ls', '--no-trunc', '--format', '{{.Name}}\t{{.ID}}')
    return lines.map((line) => line.split('\t')).find(([name]) => name === network)?.[1]
  }

  /** Names of the containers, stopped ones too, that are on the network. */
  async networkUsers(network: string): Promise<string[]> {
    return this.lines('ps', '-a', '--filter', `network=${network}`, '--format', '{{.Names}}')
  }

  /** By its id: another one of the same name is somebody else's. */
  async removeNetwork(id: string): Promise<void> {
    await this.run('docker', ['network', 'rm', id], this.options)
  }

  /** Subnets of the engine's networks and the routes of the host. */
  async hostNetworks(ownNetworks: readonly string[]): Promise<HostNetworks> {
    const ids = await this.lines('network', 'ls', '-q')
    const format = '{{.Name}}\t{{range .IPAM.Config}}{{.Subnet}} {{end}}'
    const networks =
      ids.length === 0 ? [] : await this.lines('network', 'inspect', '--format', format, ...ids)
    const routes = await Promise.all(
      ['-4', '-6'].map((family) => this.run('ip', ['-o', family, 'route', 'show'])),
    )
    return {
      dockerNetworks: networks.map((line) => {
        const [name = '', subnets = ''] = line.split('\t')
        return {
          name,
          subnets: subnets.split(' ').filter((word) => word !== ''),
          ours: ownNetworks.includes(name),
        }
      }),
      routes: routes.flatMap(({ stdout }) =>
        stdout.split('\n').flatMap((line) => {
          const match = /^(\S+)\s.*?\bdev (\S+)/.exec(line)
          return match ? [{ destination: match[1] ?? '', device: match[2] ?? '' }] : []
        }),
      ),
    }
  }

  async hasImage(reference: string): Promise<boolean> {
    return (await this.inspect('image', reference, '{{.Id}}')) !== undefined
  }

  /** What the engine tells of one thing; `undefined` where there is none of that name. */
  private async inspect(
    what: 'container' | 'image',
    name: string,
    format: string,
  ): Promise<string | undefined> {
    const args = [what, 'inspect', '--format', format, name]
    const { exitCode, stdout, stderr } = await this.tryRun('docker', args, this.options)
    if (exitCode === 0) return stdout
    if (stderr.toLowerCase().includes(`no such ${what}`)) return undefined
    throw new LabError('command.failed', `docker ${what} inspect ${name} failed`, {
      details: stderr.trim(),
      hint: 'run the same command again; if it fails again, mend what docker says',
    })
  }

  /** When a container was started last; `undefined` where it never was, or is gone. */
  async startedAt(container: string): Promise<Date | undefined> {
    const text = (await this.inspect('container', container, '{{.State.StartedAt}}'))?.trim() ?? ''
    const time = new Date(text)
    // Docker gives the year 1 for one that never ran.
    return time.getTime() > 0 ? time : undefined
  }

  /** Process id, on this host, of the first process of a container; `undefined` while it does not run, or is gone. */
  async pid(container: string): Promise<number | undefined> {
    const pid = Number(await this.inspect('container', container, '{{.State.Pid}}'))
    return pid > 0 ? pid : undefined
  }

  /** Addresses of a container on a network, IPv4 first; none while it does not run, is not on it, or is gone. */
  async addresses(container: string, network: string): Promise<string[]> {
    const format = `{{with index .NetworkSettings.Networks "${network}"}}{{println .IPAddress}}{{println .GlobalIPv6Address}}{{end}}`
    const lines = ((await this.inspect('container', container, format)) ?? '').split('\n')
    // An engine may print words where there is none.
    return lines.filter((line) => isIP(line) !== 0)
  }

  /** Folder in which the engine keeps its data. */
  async dataRoot(): Promise<string> {
    return (await this.lines('info', '--format', '{{.DockerRootDir}}'))[0] ?? '/'
  }

  /** Port of the host at which a port of a container is published. */
  async publishedPort(container: string, port: string): Promise<string> {
    return (await this.lines('port', container, port))[0] ?? ''
  }

  /** The last lines that a container wrote. */
  async logs(container: string, count: number): Promise<string> {
    const args = ['logs', '--tail', String(count), container]
    const { stdout, stderr } = await this.run('docker', args, this.options)
    return stdout + stderr
  }

  /** Runs a command in a container and gives its standard output. */
  async exec(container: string, ...command: string[]): Promise<string> {
    return (await this.run('docker', ['exec', container, ...command], this.options)).stdout
  }
}
