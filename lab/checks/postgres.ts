import type { Check } from './check.js'

export const postgresChecks: readonly Check[] = []
