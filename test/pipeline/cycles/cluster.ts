import { existsSync } from 'node:fs'
import type { KubernetesObject } from '@kubernetes/client-node'
import { LabError } from '../../../lab/errors.js'
import type { ClusterApi } from '../../../lab/pipeline/deploy.js'
import type { Plan } from '../../../lab/plan/plan.js'
import { makeCluster, type FakeCluster, type FakeContainer, type World } from '../world.js'
import type { Call, Chaos } from './chaos.js'
import type { Random } from './random.js'

/** The clusters of a host: one in each control plane that was ever made, gone with it. */
export class Clusters {
  private readonly known = new WeakMap<FakeContainer, FakeCluster>()

  constructor(
    private readonly world: World,
    private readonly plan: Plan,
    private readonly random: Random,
  ) {}

  /** The container that the cluster is in; `undefined` where there is none. */
  get controlPlane(): FakeContainer | undefined {
    return this.world.containers.find(({ name }) => name === this.plan.nodes[0])
  }

  /** The one that is there. */
  get current(): FakeCluster | undefined {
    const container = this.controlPlane
    if (container?.state !== 'running') return undefined
    const found = this.known.get(container) ?? makeCluster(this.world)
    this.known.set(container, found)
    return found
  }

  /** The API server that a kubeconfig leads to, with what befalls its requests. */
  connect(chaos: Chaos, kubeconfig: string, signal: AbortSignal): ClusterApi {
    if (!existsSync(kubeconfig)) throw new Error(`ENOENT: no such file or directory, open '${kubeconfig}'`)
    const unreachable = (): never => {
      throw new LabError('cluster.unreachable', 'the API server does not answer')
    }
    const api = (): FakeCluster => this.current ?? unreachable()
    const refused = (): never => {
      throw this.random.chance(0.5)
        ? new LabError('cluster.unreachable', 'the API server does not answer')
        : new LabError('cluster.rejected', 'the API server does not want it')
    }
    const request = <T>(
      what: string,
      effect: () => Promise<T>,
      failure: Call<T>['failure'] = refused,
    ): Promise<T> => chaos.call({ what, effect, failure, signal })
    const waited = (
      what: string,
      ask: (on: FakeCluster) => Promise<string | undefined>,
    ): Promise<string | undefined> =>
      request<string | undefined>(
        what,
        async () => (this.current === undefined ? 'no answer' : ask(this.current)),
        () => 'not yet',
      )
    return {
      apply: (object: KubernetesObject) =>
        request(
          `apply ${object.kind ?? ''} ${object.metadata?.name ?? ''}`,
          async () => api().apply(object),
          () => (this.random.chance(0.3) ? undefined : refused()),
        ),
      drift: (object) => request(`drift ${object.kind ?? ''}`, async () => api().drift(object)),
      selected: (kinds, selector) => request('selected', async () => api().selected(kinds, selector)),
      remove: (object) =>
        request(`delete ${object.kind ?? ''} ${object.metadata?.name ?? ''}`, async () =>
          api().remove(object),
        ),
      secretLacks: (wanted) => request('secret lacks', async () => api().secretLacks(wanted)),
      has: (object) => request('has', async () => api().has(object)),
      ensureSecret: (wanted) => request(`secret ${wanted.name}`, async () => api().ensureSecret(wanted)),
      secretValue: (wanted) => request('secret value', async () => api().secretValue(wanted)),
      unreachable: () => waited('unreachable', (on) => on.unreachable()),
      podsOfBefore: (started) => waited('podsOfBefore', (on) => on.podsOfBefore(started)),
      nodesNotReady: (names) => waited('nodesNotReady', (on) => on.nodesNotReady(names)),
      notRolledOut: (objects) => waited('notRolledOut', (on) => on.notRolledOut(objects)),
      explain: () =>
        request(
          'explain',
          () => Promise.resolve('pods not ready: none'),
          () => 'it cannot be asked',
        ),
    }
  }
}
