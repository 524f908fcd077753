import type { Pack } from './observe/model/observations.js'
import { collectors } from './observe/packs.js'
import { RULES } from './checks/kube-proxy/rules.js'
import { checks } from './checks/registry.js'
import { selectChecks } from './checks/select.js'
import type { Selection } from './checks/select.js'

const RULE_PACKS: readonly Pack[] = ['iptables', 'nftables', 'ipvs']

/**
 * What has to be observed for the checks that a selection means, beside the lists of the API.
 *
 * @throws LabError `usage.invalid` when the selection means no check
 */
export function packsNeeded(selection: Selection): ReadonlySet<Pack> {
  const selected = selectChecks(selection)
  const needs = new Set(checks.filter(({ id }) => selected.has(id)).flatMap((check) => check.needs))
  const packs = Object.keys(collectors) as Pack[]
  return new Set(packs.filter((pack) => needs.has(RULE_PACKS.includes(pack) ? RULES : pack)))
}
