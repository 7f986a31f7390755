import { Converter, ReflectionKind } from 'typedoc'

/**
 * A TypeDoc plugin: what a class or an interface inherits from one of ours is described there only, but for how it is
 * made, and the constructors of others are not at all.
 */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const member of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
      const isConstructor = member.kind === ReflectionKind.Constructor
      const isOurs = member.inheritedFrom?.reflection !== undefined
      if (member.inheritedFrom && isOurs !== isConstructor) project.removeReflection(member)
    }
  })
}
