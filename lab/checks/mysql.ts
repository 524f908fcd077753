import type { Check } from './check.js'

export const mysqlChecks: readonly Check[] = []
