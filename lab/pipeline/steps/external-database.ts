import { nodesNetwork } from '../../../topology/index.js'
import { Engine } from '../../cluster/engine.js'
import { ExternalDatabase } from '../../cluster/external-database.js'
import { LabError } from '../../errors.js'
import { waitUntil } from '../../host/wait.js'
import type { PlannedDatabase } from '../../plan/plan.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE, SECOND } from '../durations.js'
import { externalAddresses } from '../external-addresses.js'
import { journalled } from '../journalled.js'
import type { Step } from '../step.js'
import { untilAnswered } from '../until-answered.js'

const LINES = 15

/** The database beside the cluster takes the password that the cluster's Secret holds. */
export function externalDatabaseStep(context: DeployContext, planned: PlannedDatabase): Step {
  const { plan, state, run, connect } = context
  const { container } = planned
  return {
    title: 'external database',
    deadlineMs: 2 * MINUTE,
    run: async ({ signal, progress }) => {
      const wait = { signal, onWaiting: (what: string) => progress(`${container}: ${what}`) }
      const [address] = await externalAddresses(plan, new Engine(run, { signal }))
      if (address === undefined)
        throw new LabError('step.failed', `${container} has no address on the network ${nodesNetwork}`, {
          hint: `see docker inspect ${container}; teardown and deploy make it anew`,
        })
      const kube = connect(state.kubeconfig(), signal)
      const password = await untilAnswered(() => kube.secretValue(planned.password), wait)
      const database = new ExternalDatabase(run, container, { signal })
      await waitUntil(() => database.notReady(), wait)
      if ((await database.refusal(address, password)) === undefined) return `as declared, at ${address}`
      await journalled(context, async (before) => {
        await before()
        await database.setPassword(password)
      })
      const refusal = await database.refusal(address, password)
      if (refusal !== undefined)
        throw new LabError('step.failed', `${container} refuses the password it was given: ${refusal}`)
      return `password set, at ${address}`
    },
    explain: async () => {
      const engine = new Engine(run, { signal: AbortSignal.timeout(10 * SECOND) })
      return `log of ${container}:\n${await engine.logs(container, LINES)}`
    },
  }
}
