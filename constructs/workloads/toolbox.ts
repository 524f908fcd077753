import type { k8s } from 'cdk8s-plus-28'
import { resources, restrictContainer, restrictPod, scratch } from '../pod-defaults.js'
import { STAY } from './stay.js'

export { TOOLBOX_IMAGE } from './toolbox-image.js'

/** A restricted pod of one container that stays, to run tools in. */
export function toolbox(container: string, image: string): k8s.PodSpec {
  return restrictPod({
    terminationGracePeriodSeconds: 5,
    containers: [
      restrictContainer({
        name: container,
        image,
        command: ['sh', '-c', STAY],
        // Tools keep histories and settings in the home directory; without a writable one some complain.
        env: [{ name: 'HOME', value: '/tmp' }],
        workingDir: '/tmp',
        resources: resources({ cpu: '10m', memory: '32Mi', memoryLimit: '128Mi' }),
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      }),
    ],
    volumes: [scratch('tmp')],
  })
}
