/** Rules for images and variables of containers, in manifests and in the compose file alike. */
import { isOurs, knowsVariable, repositoryOf, SECRET_NAME, SECRET_TEXT, tagOf } from './environment.ts';

export interface ImageUse {
  place: string;
  image: string;
}

/** Pinned to a version; ours to this one; nobody else's in two versions. */
export function imageFindings(
  uses: readonly ImageUse[],
  version: string,
): { place: string; message: string }[] {
  const seen = new Map<string, string>();
  return uses.flatMap(({ place, image }) => {
    const tag = tagOf(image);
    if (tag === undefined || tag === 'latest')
      return [{ place, message: `image ${image} is not pinned to a version` }];
    if (isOurs(image))
      return tag === version ? [] : [{ place, message: `image ${image} is not of this version, ${version}` }];
    const other = seen.get(repositoryOf(image)) ?? image;
    seen.set(repositoryOf(image), other);
    return other === image ? [] : [{ place, message: `image ${image} is elsewhere ${other}` }];
  });
}

/** A variable that the program does not read, or that holds what must not stand in a file. */
export function variableFindings(
  image: string,
  name: string,
  value: string | undefined,
  natsConf: string,
): string[] {
  return [
    !knowsVariable(image, name, natsConf) && `${name} is no variable that ${repositoryOf(image)} reads`,
    value !== undefined &&
      (SECRET_NAME.test(name) || SECRET_TEXT.test(value)) &&
      `${name} has its secret value inline`,
  ].filter((message) => message !== false);
}
