import type { Paint } from '../report/console.js'
import { plainly } from '../report/console.js'
import { ago, cut } from '../words.js'
import { isAsDeclared } from './model.js'
import type { FieldDrift } from '../cluster/drift.js'
import type { LabStatus, NodeStatus, ObjectDrift } from './model.js'

/** How a lab is, for people: a line that says it, then what is not as it should be. */
export function renderStatus(status: LabStatus, paint: Paint = plainly): string {
  const { lab, phase, reason, nodes, versions, drift, compared, podsNotReady, lastVerify } = status
  const well = isAsDeclared(status)
  const said = well ? 'running, as declared' : phase === 'running' ? 'running, not as declared' : phase
  const width = Math.max(0, ...nodes.map(({ name }) => name.length))
  return [
    `lab ${lab}: ${paint(well ? 'green' : 'yellow', said)}${reason === undefined ? '' : ` (${reason})`}`,
    `Kubernetes ${versions.kubernetes}, Calico ${versions.calico}`,
    ...nodes.map((node) => `  ${node.name.padEnd(width)}  ${nodeWords(node)}`),
    ...(drift === undefined ? [] : [`objects: ${drift.length} of ${String(compared)} not as declared`]),
    ...(drift ?? []).flatMap(driftLines),
    ...(podsNotReady === undefined
      ? []
      : [podsNotReady.length === 0 ? 'pods: all ready' : `pods not ready: ${podsNotReady.length}`]),
    ...(podsNotReady ?? []).map(({ pod, reason: why }) => `  ${pod}: ${why}`),
    ...(lastVerify === undefined
      ? ['never verified as it is']
      : [
          `verified ${ago(lastVerify.at)}: ${lastVerify.summary.pass} passed, ${lastVerify.summary.fail} failed, ${lastVerify.summary.inconclusive} inconclusive`,
        ]),
    ...(well ? [] : [paint('dim', next(status))]),
  ].join('\n')
}

function nodeWords({ container, ready, kubelet }: NodeStatus): string {
  if (ready === undefined) return container
  return `${container}, ${ready ? 'Ready' : 'not Ready'}${kubelet === undefined ? '' : `, ${kubelet}`}`
}

function driftLines({ object, fields, rejected, hint, why }: ObjectDrift): string[] {
  if (fields.length > 0) return [`  ${object}`, ...fields.map(fieldLine)]
  const what = `  ${object}: ${rejected ?? why ?? 'not there'}`
  return hint === undefined ? [what] : [what, `    ${hint}`]
}

/** A value is cut to what a line can hold; JSON has all of it. */
const LONGEST = 60

function fieldLine({ path, live, declared }: FieldDrift): string {
  const said = (value: unknown): string => {
    const text = value === undefined ? 'absent' : JSON.stringify(value)
    return cut(text, LONGEST)
  }
  return `    ${path}: is ${said(live)}, declared ${said(declared)}`
}

function next({ phase, lab, comesBack = false, madeElsewhere = false, drift = [] }: LabStatus): string {
  if (madeElsewhere)
    return `run the command in the folder it was made from; or npm run teardown removes it (--name ${lab}); or give another --name`
  if (phase === 'absent') return `npm run deploy makes it (--name ${lab})`
  const isRejected = drift.some(({ rejected }) => rejected !== undefined)
  const repair = isRejected
    ? 'npm run deploy repairs the rest, when nothing is rejected'
    : 'npm run deploy repairs it'
  const way = comesBack ? 'npm run start brings it back' : repair
  return `${way}, npm run teardown removes it (--name ${lab})`
}
