/** Which VR a tag has where the data set does not say: implicit VR, and UN (PS3.5 7.1.3, 6.2.2). */
import { IMPLICIT_VR_STEPS } from './implicit-vr.generated.ts';
import { groupOf, isGroupLength, isPrivate, type Tag } from './tag.ts';
import { isVr, type Vr } from './vr.ts';

let vrByTag: ReadonlyMap<Tag, Vr> | undefined;

/** The VR of a public tag in PS3.6, `UL` for group lengths, `LO` for private creators, else `UN`. */
export function implicitVrOf(tag: Tag): Vr {
  if (isGroupLength(tag)) return 'UL';
  if (isPrivate(tag)) return isPrivateCreator(tag) ? 'LO' : 'UN';
  vrByTag ??= readTable();
  const high = groupOf(tag) >>> 8;
  // Repeating groups (50xx, 60xx) stand in the table under their first.
  const looked = high === 0x50 || high === 0x60 ? (tag & 0xff00ffff) >>> 0 : tag;
  return vrByTag.get(looked) ?? 'UN';
}

/** (gggg,0010-00FF) of a private group: the name of who owns a block of elements (PS3.5 7.8.1). */
function isPrivateCreator(tag: Tag): boolean {
  const element = tag & 0xffff;
  return element >= 0x10 && element <= 0xff;
}

function readTable(): ReadonlyMap<Tag, Vr> {
  const table = new Map<Tag, Vr>();
  for (const [vr, steps] of Object.entries(IMPLICIT_VR_STEPS)) {
    if (!isVr(vr)) continue;
    let tag = 0;
    for (const step of steps.split(' ')) {
      tag += Number.parseInt(step, 36);
      table.set(tag, vr);
    }
  }
  return table;
}
