import { describe, expect, it } from 'vitest'
import { collectApi } from '../../../../lab/observe/api.js'
import { systemClock } from '../../../../lab/observe/clock.js'
import type { ApiObservations } from '../../../../lab/observe/model/observations.js'
import { fakeCluster, forbidden } from './fake-cluster.js'

const labels = { 'k8s-app': 'calico-node' }
const inSystem = {
  '/api/v1/namespaces/kube-system/pods': [
    { metadata: { name: 'calico-node-x', namespace: 'kube-system', labels } },
  ],
}

async function calicoPods(
  lists: Record<string, object[]>,
  refused: string,
): Promise<ApiObservations['calicoPods']> {
  const { config } = await fakeCluster({
    lists,
    first: ({ path }) => (path.includes(refused) ? forbidden : undefined),
  })
  return (await collectApi({ clock: systemClock }, config, [])).calicoPods
}

describe('the pods of Calico', () => {
  it('are known where they were found, though its other namespace may not be read', async () => {
    expect(await calicoPods(inSystem, '/calico-system/')).toMatchObject({
      value: [{ metadata: { name: 'calico-node-x' } }],
    })
  })

  it('are not known where none were found and some may not be read', async () => {
    expect(await calicoPods({}, '/calico-system/')).toMatchObject({ error: '403: you may not' })
  })
})
