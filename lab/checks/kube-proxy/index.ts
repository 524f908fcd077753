import { ruleChecks } from './rules.js'
import { trafficChecks } from './traffic.js'

export const kubeProxyChecks = [...ruleChecks, ...trafficChecks]
