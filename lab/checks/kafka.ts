import type { Check } from './check.js'

export const kafkaChecks: readonly Check[] = []
