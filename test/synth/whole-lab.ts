import { App } from 'cdk8s'
import { Lab, type LabProps } from '../../constructs/index.js'

/** Everything, with the images that have no default. */
export const all: LabProps = {
  redis: {},
  nginx: {},
  multitool: {},
  webApi: {},
  mysql: {},
  grpc: { image: 'grpc:1' },
  externalDatabase: { addresses: ['172.18.0.9'] },
  postgres: { image: 'patroni:4' },
  kafka: {},
  moon: {},
  fixtures: {},
}

/** An app with a lab in it. */
export function app(props: LabProps): App {
  const made = new App()
  new Lab(made, 'lab', props)
  return made
}
