import { absentOrdinal, deploymentDashedIp, deploymentNoPodName } from './absence.js'
import { clusterIpAVip, headlessASet, podA } from './addresses.js'
import { searchPath, ttl } from './behaviour.js'
import { srv } from './srv.js'

export const dnsChecks = [
  clusterIpAVip,
  headlessASet,
  podA,
  absentOrdinal,
  deploymentDashedIp,
  deploymentNoPodName,
  srv,
  searchPath,
  ttl,
]
