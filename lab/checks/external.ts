import type { Check } from './check.js'

export const externalChecks: readonly Check[] = []
