import { readDeclared } from '../observe/model/declared.js'
import type { Recording } from '../observe/model/target.js'
import type { CheckResult } from '../report/model.js'
import { checks } from './registry.js'
import { selectChecks } from './select.js'
import type { Selection } from './select.js'

/**
 * Judges what was observed against what is declared. Pure: the same recording gives the same verdicts.
 *
 * @throws LabError `usage.invalid` when the selection means no check
 */
export function judge({ lab, declared, observations }: Recording, selection: Selection = {}): CheckResult[] {
  const world = { lab, declared: readDeclared(declared), observations }
  const selected = selectChecks(selection)
  return checks.filter(({ id }) => selected.has(id)).flatMap((check) => check.run(world))
}
