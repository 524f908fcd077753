import { absentOrdinal, deploymentDashedIp, deploymentNoPodName } from './absence.js'
import { clusterIpAVip, headlessASet, podA } from './addresses.js'
import { searchPath, ttl } from './behaviour.js'
import { clusterIpSrv, headlessSrv } from './srv.js'

export const dnsChecks = [
  clusterIpAVip,
  clusterIpSrv,
  headlessASet,
  headlessSrv,
  podA,
  absentOrdinal,
  deploymentDashedIp,
  deploymentNoPodName,
  searchPath,
  ttl,
]
