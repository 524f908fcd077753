import type { Check } from './check.js'

export const grpcChecks: readonly Check[] = []
