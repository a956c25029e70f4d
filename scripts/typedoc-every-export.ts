// A typedoc plugin: every export has a docstring. Typedoc's own check also asks for one on each method of a type, where
// a good name often says it all.

import { type Application, DeclarationReflection, ReflectionKind } from 'typedoc';

const exported =
  ReflectionKind.Variable |
  ReflectionKind.Function |
  ReflectionKind.Class |
  ReflectionKind.Interface |
  ReflectionKind.TypeAlias;

/** Called by typedoc. */
export function load(app: Application): void {
  app.on('validateProject', (project) => {
    for (const each of project.getReflectionsByKind(exported)) {
      // Generated messages nest theirs in a namespace: documented in the .proto, if anywhere.
      const isFrontDoor = each.parent?.kindOf([ReflectionKind.Module, ReflectionKind.Project]) === true;
      if (isFrontDoor && each instanceof DeclarationReflection && !hasDocstring(each)) {
        app.logger.validationWarning(`${each.getFriendlyFullName()} has no docstring`);
      }
    }
  });
}

function hasDocstring(each: DeclarationReflection): boolean {
  const type = each.type?.type === 'reflection' ? each.type.declaration : undefined;
  const signatures = [...(each.signatures ?? []), ...(type?.signatures ?? [])];
  return each.hasComment() || signatures.some((signature) => signature.hasComment());
}
