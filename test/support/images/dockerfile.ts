/** One line of a Dockerfile, with its continuations. */
export interface Step {
  name: string
  rest: string
}

export interface Stage {
  image: string
  name: string | undefined
  steps: Step[]
}

/** The part of the format that the files of deploy/ use. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = []
  for (const line of text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')) {
    const [, name, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    if (name === undefined || rest === undefined) continue
    if (name !== 'FROM') {
      stages.at(-1)?.steps.push({ name, rest })
      continue
    }
    const [image = '', , as] = rest.split(' ')
    stages.push({ image, name: as, steps: [] })
  }
  return stages
}
