import type { Check } from './check.js'

export const networkPolicyChecks: readonly Check[] = []
