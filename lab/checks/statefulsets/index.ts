import { podChecks } from './pods.js'
import { serviceCheck } from './service.js'
import { volumesCheck } from './volumes.js'

export const statefulSetChecks = [...podChecks, volumesCheck, serviceCheck]
