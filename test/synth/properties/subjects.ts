import { labSubject } from './lab.js'
import { partSubjects, type Families } from './services.js'
import type { Subject } from './subject.js'
import { workloadSubjects } from './workloads.js'

/** Every construct of the library. */
export const subjects = (families: Families): Subject[] => [
  ...partSubjects(families),
  ...workloadSubjects,
  labSubject,
]

/** How many random cases each construct is tried with. */
export const CASES = 200
