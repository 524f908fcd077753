import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { versions, workloadImages } from '../../lab/artifacts/versions.js'
import { consumer } from '../pack/consumer.js'
import { ask, inPod } from './cluster.js'
import { lab, root } from './program.js'

/** An example as somebody else's project: the packed library installed in it, its manifests on the lab. */
export function exampleTests(): void {
  describe('an app that imports the library', () => {
    it('synthesises what the lab runs', async () => {
      const project = await consumer(join(root, 'examples', 'redis'))
      await project.install()
      const yaml = await project.run('npm', 'run', '--silent', 'synth')
      expect(await readFile(join(project.folder, 'main.ts'), 'utf8')).not.toContain('image')
      // The one line that differs: there is no registry to pull the official image from.
      await project.write(
        'lab.yaml',
        yaml.replaceAll(`image: redis:${versions.redis}`, `image: ${workloadImages.redis}`),
      )
      await ask('create', 'namespace', 'shop')
      try {
        expect((await lab('kubectl', 'apply', '-f', join(project.folder, 'lab.yaml'))).code).toBe(0)
        await ask('rollout', 'status', '-n', 'shop', 'statefulset/redis', '--timeout=180s')
        const said = await inPod('shop', 'redis-1', 'redis-cli info replication', 'redis')
        expect(said).toContain('master_host:redis-0.redis-headless.shop.svc.cluster.local')
        expect(said).toContain('master_link_status:up')
      } finally {
        await ask('delete', 'namespace', 'shop')
      }
    })
  })
}
