import { absentOrdinal, deploymentDashedIp, deploymentNoPodName } from './absence.js'
import { clusterIpAVip, headlessASet, headlessNotReady, headlessSlices, podA } from './addresses.js'
import { searchPath, ttl } from './behaviour.js'
import { externalName } from './external-name.js'
import { nodata } from './families.js'
import { ptrDashed, ptrPod, ptrVip } from './ptr.js'
import { clusterIpSrv, headlessSrv } from './srv.js'
import { tcp, truncation } from './transport.js'

export const dnsChecks = [
  clusterIpAVip,
  clusterIpSrv,
  headlessASet,
  headlessSlices,
  headlessNotReady,
  headlessSrv,
  podA,
  absentOrdinal,
  deploymentDashedIp,
  deploymentNoPodName,
  externalName,
  ptrVip,
  ptrPod,
  ptrDashed,
  nodata,
  tcp,
  truncation,
  searchPath,
  ttl,
]
