import { answersCheck } from './answers.js'
import { declaredChecks } from './declared.js'
import { leadsToChecks } from './leads-to.js'
import { selectorCheck } from './selector.js'

export const serviceChecks = [...declaredChecks, selectorCheck, ...leadsToChecks, answersCheck]
