import type { KubernetesObject, V1StatefulSetSpec } from '@kubernetes/client-node'
import { nameOf } from '../../cluster/object-api.js'
import type { WantedSecret } from '../../cluster/secrets.js'
import type { DeployContext } from '../deploy-context.js'
import { MINUTE } from '../durations.js'
import { journalled } from '../journalled.js'
import type { Step } from '../step.js'
import { untilAnswered } from '../until-answered.js'
import { applyDeclared } from './apply.js'
import { explainCluster } from './explain.js'

/** The Secrets that pods mount: random values where there are none, which then stay. */
export function credentialsStep(context: DeployContext): Step {
  const { plan, state, connect } = context
  return {
    title: 'credentials',
    deadlineMs: MINUTE,
    run: (io) =>
      journalled(context, async (before) => {
        const { signal, progress } = io
        const kube = connect(state.kubeconfig(), signal)
        const namespaces = plan.manifests(undefined).filter(({ kind }) => kind === 'Namespace')
        await applyDeclared(before, kube, namespaces, io)
        let made = 0
        for (const secret of plan.secrets) {
          const wait = { signal, onWaiting: progress }
          if ((await untilAnswered(() => kube.secretLacks(secret), wait))?.length === 0) continue
          made++
          await before()
          await untilAnswered(() => kube.ensureSecret(secret), wait)
          for (const set of plan.manifests(undefined).filter((object) => mounts(object, secret))) {
            if (await untilAnswered(() => kube.has(set), wait)) context.warn(oldPasswords(secret, set))
          }
        }
        const all = plan.secrets.length
        return made === 0 ? `${all} Secrets are there` : `${made} of ${all} Secrets made or completed`
      }),
    explain: () => explainCluster(context),
  }
}

function mounts(object: KubernetesObject, { namespace, name }: WantedSecret): boolean {
  if (object.kind !== 'StatefulSet' || object.metadata?.namespace !== namespace) return false
  const { spec } = object as KubernetesObject & { readonly spec?: V1StatefulSetSpec }
  const volumes = spec?.template.spec?.volumes ?? []
  return volumes.some(({ secret }) => secret?.secretName === name)
}

/** Servers write passwords into their data: a Secret that is made later does not reach those. */
const oldPasswords = ({ namespace, name }: WantedSecret, set: KubernetesObject): string =>
  `Secret ${namespace}/${name} got new passwords, and ${nameOf(set)} runs with the old ones: Postgres keeps them until ALTER ROLE sets the new, MySQL until its pods start again; or teardown and deploy make the lab anew`
