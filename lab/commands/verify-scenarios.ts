import { LabError } from '../errors.js'
import type { VerifyTarget } from '../observe/model/target.js'
import { nameOf } from '../report/console.js'
import type { VerifyResult } from '../report/model.js'
import { resultOf } from '../report/result.js'
import { scenarios } from '../scenarios/registry.js'
import { runScenarios, scenariosNamed } from '../scenarios/run.js'
import type { Scenario } from '../scenarios/scenario.js'
import { momentLine } from '../scenarios/timeline.js'
import type { CommandIo } from './context.js'
import { meansCluster, type VerifyCommandOptions } from './verify-options.js'

/**
 * The scenarios that the options ask for.
 *
 * @throws LabError `usage.invalid` for a name that there is no scenario of, or where the cluster is not the lab and
 * nothing may be changed
 */
export function scenariosOf(options: VerifyCommandOptions): readonly Scenario[] {
  const chosen = options.all === true ? scenarios : scenariosNamed(options.scenario ?? [])
  if (chosen.length > 0 && options.rbac !== true && meansCluster(options) && options.write !== true) {
    throw new LabError('usage.invalid', 'scenarios change the cluster, which has to be allowed: --write', {
      hint: 'what each of them does is in verify --help; all of it is taken back',
    })
  }
  return chosen
}

/** Runs scenarios after the checks, or instead of them, and tells what happens as it happens. */
export async function withScenarios(
  target: VerifyTarget,
  chosen: readonly Scenario[],
  checked: VerifyResult | undefined,
  { signal, say }: CommandIo,
): Promise<VerifyResult> {
  const startedAt = checked?.startedAt ?? new Date().toISOString()
  const began = performance.now()
  const results = await runScenarios(target, chosen, {
    signal,
    onBegin: ({ name, disrupts }, subject) => say(`${name} ${nameOf(subject)}: ${disrupts}`),
    onMoment: (_, moment) => say(momentLine(moment)),
  })
  const durationMs = (checked?.durationMs ?? 0) + performance.now() - began
  return resultOf(target.lab.name, startedAt, durationMs, [...(checked?.checks ?? []), ...results])
}
