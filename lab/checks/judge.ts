import { readDeclared } from '../observe/model/declared.js'
import type { Recording } from '../observe/model/target.js'
import type { CheckResult } from '../report/model.js'
import { checks } from './registry.js'

/** Judges what was observed against what is declared. Pure: the same recording gives the same verdicts. */
export function judge({ lab, declared, observations }: Recording): CheckResult[] {
  const world = { lab, declared: readDeclared(declared), observations }
  return checks.flatMap((check) => check.run(world))
}
