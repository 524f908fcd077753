import { programMustBeAsBuilt } from '../artifacts/as-built.js'
import { must, type Run, type RunOptions } from '../host/run.js'
import type { LabState } from './state.js'

/**
 * containerlab, which drives the kind inside it. Its KUBECONFIG is the lab's own file: neither of them
 * writes to `~/.kube`.
 */
export class Containerlab {
  private readonly run: Run

  constructor(
    run: Run,
    private readonly binary: string,
    private readonly state: LabState,
  ) {
    this.run = must(run)
  }

  /**
   * Makes the nodes. The files of the topology must be in the lab's folder.
   *
   * When it is interrupted it would destroy the lab by itself, and the nodes' network with it, which may have been
   * there before: so it is killed, and whoever calls this removes what it made.
   */
  async deploy(options: RunOptions): Promise<void> {
    await this.clab(['deploy', '-t', this.state.topologyFile()], { ...options, killAtOnce: true })
  }

  /**
   * Asks it to remove what it made. It may leave all of it and still say that it is done
   * (seen with 0.60.0 where a topology has only a k8s-kind node): whoever calls this looks afterwards.
   */
  async destroy(options: RunOptions): Promise<void> {
    await this.clab(['destroy', '-t', this.state.topologyFile(), '--cleanup', '--keep-mgmt-net'], options)
  }

  private async clab(args: readonly string[], options: RunOptions): Promise<void> {
    await programMustBeAsBuilt(this.binary)
    await this.run(this.binary, args, {
      cwd: this.state.folder,
      log: this.state.logFile('containerlab'),
      ...options,
      env: {
        CLAB_VERSION_CHECK: 'disable',
        KUBECONFIG: this.state.kubeconfig(),
      },
    })
  }
}
