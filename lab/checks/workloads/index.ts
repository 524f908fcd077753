import { placementChecks } from './placement.js'
import { readyChecks } from './ready.js'

export const workloadChecks = [...readyChecks, ...placementChecks]
