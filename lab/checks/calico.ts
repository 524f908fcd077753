import type { Check } from './check.js'

export const calicoChecks: readonly Check[] = []
