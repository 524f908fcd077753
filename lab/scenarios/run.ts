import { setMaxListeners } from 'node:events'
import { LabError } from '../errors.js'
import { collectApi } from '../observe/api.js'
import { systemClock, type Clock } from '../observe/clock.js'
import { load } from '../observe/load.js'
import { namespacesOf, readDeclared } from '../observe/model/declared.js'
import { defaultProbe, type VerifyTarget } from '../observe/model/target.js'
import { probesByNode } from '../observe/probes.js'
import type { CheckResult, Subject } from '../report/model.js'
import { scenarios } from './registry.js'
import type { Scenario } from './scenario.js'
import { Stage } from './stage.js'
import type { Moment } from './timeline.js'
import { wordsOf } from '../words.js'

export interface ScenarioOptions {
  readonly signal: AbortSignal
  /** Told what a scenario is about to be done to. */
  readonly onBegin?: (scenario: Scenario, subject: Subject) => void
  /** Told what happens, as it happens. */
  readonly onMoment?: (scenario: string, moment: Moment) => void
  /** Default: the real time. */
  readonly clock?: Clock
}

/**
 * The scenarios of these names, in the order in which they run.
 *
 * @throws LabError `usage.invalid` for a name that there is no scenario of
 */
export function scenariosNamed(names: readonly string[]): Scenario[] {
  const known = scenarios.map(({ name }) => name)
  for (const name of names) {
    if (known.includes(name)) continue
    throw new LabError('usage.invalid', `--scenario: there is no ${name}; write one of ${known.join(', ')}`)
  }
  return scenarios.filter(({ name }) => names.includes(name))
}

/**
 * Runs scenarios on a cluster, one after the other: each restores what it changed, also when it fails or is
 * interrupted, and has its timeline in its evidence.
 *
 * @throws the signal's reason when aborted, after what was changed is restored
 */
export async function runScenarios(
  target: VerifyTarget,
  chosen: readonly Scenario[],
  options: ScenarioOptions,
): Promise<CheckResult[]> {
  // Each look listens to it.
  setMaxListeners(100, options.signal)
  const results: CheckResult[] = []
  for (const scenario of chosen) results.push(await runOne(target, scenario, options))
  return results
}

async function runOne(
  target: VerifyTarget,
  scenario: Scenario,
  { signal, onBegin, onMoment, clock = systemClock }: ScenarioOptions,
): Promise<CheckResult> {
  const { name, title, hint } = scenario
  const declared = readDeclared(target.declared)
  const prepared = scenario.prepare({ lab: target.lab, declared, ownNodes: target.engine !== undefined })
  const result = (
    rest: Pick<CheckResult, 'verdict' | 'subject' | 'durationMs'> & {
      expected?: unknown
      observed?: unknown
    },
    why?: string,
  ): CheckResult => {
    const { expected = null, observed = null, ...verdict } = rest
    return {
      ...{ id: `scenario.${name}`, title, pack: 'scenario', ...verdict },
      evidence: { expected, observed, source: `verify --scenario ${name}` },
      ...(verdict.verdict === 'pass' ? {} : { hint: why ?? hint }),
    }
  }
  if ('notHere' in prepared) {
    const subject = { kind: 'Cluster', name: target.lab.name }
    return result({ verdict: 'skipped', subject, durationMs: 0 }, `Does not apply: ${prepared.notHere}.`)
  }
  const stage = new Stage(target, await probesOf(target, signal, clock), {
    ...{ signal, clock },
    ...(onMoment === undefined ? {} : { onMoment: (moment: Moment) => onMoment(name, moment) }),
  })
  onBegin?.(scenario, prepared.subject)
  const seen = await attempt(() => prepared.run(stage))
  const left = await stage.takeBack()
  if (signal.aborted) throw endedBy(signal, name, left)
  const about = { subject: prepared.subject, durationMs: stage.timeline.elapsed() }
  const timeline = stage.timeline.all()
  if ('error' in seen) {
    const why = `Could not be judged: ${[seen.error, ...left].join('; ')}.`
    return result(
      { ...about, verdict: left.length > 0 ? 'fail' : 'inconclusive', observed: { timeline } },
      why,
    )
  }
  const { verdict, expected, observed, hint: why } = seen.value
  if (left.length > 0) {
    return result(
      { ...about, verdict: 'fail', expected, observed: { observed, timeline } },
      `It could not be restored: ${left.join('; ')}.`,
    )
  }
  return result({ ...about, verdict, expected, observed: { ...(observed as object), timeline } }, why)
}

/** What an interrupted run ends with: people have to know whether all is as it was. */
function endedBy({ reason }: AbortSignal, name: string, left: readonly string[]): unknown {
  if (!(reason instanceof LabError)) return reason
  const { code } = reason
  return left.length === 0
    ? new LabError(code, `${code} in the middle of ${name}; what it changed is taken back`, {
        hint: 'pods that it deleted come back by themselves',
      })
    : new LabError(code, `${code} in the middle of ${name}; this could not be restored: ${left.join('; ')}`, {
        hint: 'take it back by hand',
      })
}

async function attempt<T>(effect: () => Promise<T>): Promise<{ value: T } | { error: string }> {
  try {
    return { value: await effect() }
  } catch (error) {
    return { error: wordsOf(error) }
  }
}

async function probesOf(
  target: VerifyTarget,
  signal: AbortSignal,
  clock: Clock,
): Promise<ReturnType<typeof probesByNode>> {
  const { probe = defaultProbe } = target
  const namespaces = namespacesOf(readDeclared(target.declared))
  const { pods } = await collectApi({ clock, signal }, load(target.kubeconfig), namespaces, [probe.namespace])
  return 'error' in pods ? new Map() : probesByNode(pods.value, probe)
}
