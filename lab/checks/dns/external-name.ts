import { isIP } from 'node:net'
import { askCname, dnsOf } from '../../observe/model/questions.js'
import { defineCheck, skipped } from '../check.js'
import { eachExternalName } from '../scopes.js'
import { compareAnswers } from './answers.js'

export const externalName = defineCheck({
  id: 'dns.external-name.cname',
  title: 'the name of the ExternalName service stands for exactly its external name',
  answers: 'Kubernetes: Service, type ExternalName',
  needs: ['dns'],
  hint: 'NXDOMAIN: the service is not there (services.exists). Another name: its externalName was changed on the cluster.',
  of: eachExternalName,
  judge: (service, context) => {
    const target = (service.spec?.externalName ?? '').replace(/\.$/, '').toLowerCase()
    if (target === '') return skipped('it has no external name')
    if (isIP(target) !== 0) return skipped('its external name is an address, which no record can stand for')
    const question = askCname(dnsOf(service, context.lab).fqdn)
    return compareAnswers(context, question, [target], ({ data }) => {
      const seen = data(question)
      return typeof seen === 'string' ? seen : seen.map((name) => name.toLowerCase())
    })
  },
})
