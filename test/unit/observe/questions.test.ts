import { expect, test } from 'vitest'
import { readDeclared } from '../../../lab/observe/model/declared.js'
import { questionKey, questionsFor } from '../../../lab/observe/model/questions.js'
import { healthy, recording, seen } from '../checks/recorded.js'
import type { Pod } from '../../../lab/observe/model/pods.js'

test('everything that is declared is asked for, once, short names from the probe’s namespace', () => {
  const { declared, lab, observations } = healthy()
  const objects = readDeclared(recording({ declared, lab, observations }).declared)
  const pods = seen(observations.api.pods) as readonly Pod[]
  const questions = questionsFor(objects, lab, 'default', pods).map(questionKey)
  expect(new Set(questions).size).toBe(questions.length)
  expect(
    questions.filter((question) => !question.includes('nginx-deployment-') && !/A 192-168/.test(question)),
  ).toEqual([
    'A redis-headless.default.svc.cluster.local.',
    'SRV _redis._tcp.redis-headless.default.svc.cluster.local.',
    'A redis-0.redis-headless.default.svc.cluster.local.',
    'A redis-1.redis-headless.default.svc.cluster.local.',
    'A redis-2.redis-headless.default.svc.cluster.local.',
    'A redis-3.redis-headless.default.svc.cluster.local.',
    'A redis-headless +search',
    'A redis-0.redis-headless +search',
    'A redis-1.redis-headless +search',
    'A redis-2.redis-headless +search',
    'A nginx-clusterip.default.svc.cluster.local.',
    'SRV _http._tcp.nginx-clusterip.default.svc.cluster.local.',
    'A nginx-clusterip +search',
    'A nginx-headless.default.svc.cluster.local.',
    'SRV _http._tcp.nginx-headless.default.svc.cluster.local.',
    'A nginx-headless +search',
  ])
  expect(questionsFor(objects, lab, 'elsewhere', pods).map(questionKey)).toContain(
    'A redis-headless.default +search',
  )
})
