/**
 * Given names that are one name in everyday use: short forms, and the same name in another language of the region.
 * Only such as are used for one person in two records; a name that merely sounds alike is no variant.
 */

/** A part of the shipped model's version, and so recorded with every decision it makes. */
export const GIVEN_NAME_VARIANTS_VERSION = '2025-1';

/** One line for each name; forms are lower case, without diacritics or hyphens. */
const GROUPS = `
alexander alexandre alex sander
alexandra sandra
andreas andre andries
anton antoine antoon antonio toon tony
bernard bernd
catherine katherine kathrin katrien catharina catherina cathy kathy
charles karel karl carl
charlotte lotte lotje
christian kristian chris
christiane christianne
christina christine kristina kristien cristina
christophe christoph kristof chris
daniel daan dany danny
dominique dominiek
elisabeth elizabeth els liesbeth
etienne stefaan steven stephane stefan
fatima fatma
francois frans franz franciscus
francoise francisca
frederic frederik friedrich fred
georges joris georg george jos
gerard geert gerhard
guillaume willem wilhelm wim
gustave gustaaf gust
helene helena
henri hendrik heinrich rik
jacques jacob jakob
jean jan johannes
johannes johan hans
jeanne johanna jana
jean-pierre jeanpierre jp
joseph jozef josef jef jos
josephine josephina fien
laurent laurens lorenz
louis lodewijk ludwig luis
luc lucas lukas
marc mark marcus markus
marguerite margaretha margareta greta greet griet
marie maria mia ria
marie-claire marieclaire
martin maarten
mathieu matthieu mathijs matthias thijs
maurice maurits moritz
michel michael michiel mike mick
mohamed mohammed mohammad muhammad muhammed mehmet mehmed mohamad
ahmed ahmet ahmad
youssef yusuf yousef yosef
yassine yasin yacine
hassan hasan
hussein huseyin houssein hussain
omar omer
mustapha mustafa moustapha
abdelkader abdulkadir
ibrahim brahim
khadija hatice
aicha aisha ayse
nicolas nicolaas nikolaus niko nico
olivier oliver
paul pol
philippe philip filip phil
pierre peter pieter petrus piet
raphael rafael
robert rob bob
stephanie stefanie
sophie sofie
sebastien sebastiaan sebastian
theodore theo theodoor
thierry diederik dirk dieter
thomas tom tomas
tim timothy
victor viktor vic
vincent vince
xavier javier
yves ivo
isabelle isabel isabella
monique monika
nathalie natalie natalia
veronique veronica
benoit benedict
guy guido
jerome hieronymus
therese theresia theresa
yvonne ivonne
`;

const GROUPS_OF: ReadonlyMap<string, ReadonlySet<number>> = indexGroups();

/** Whether two folded, glued given names are forms of one name. */
export function areGivenNameVariants(left: string, right: string): boolean {
  const groups = GROUPS_OF.get(left);
  const others = GROUPS_OF.get(right);
  if (groups === undefined || others === undefined || left === right) return false;
  return [...groups].some((group) => others.has(group));
}

function indexGroups(): ReadonlyMap<string, ReadonlySet<number>> {
  const groupsOf = new Map<string, Set<number>>();
  for (const [group, line] of GROUPS.trim().split('\n').entries()) {
    for (const form of line.split(' ')) groupsOf.set(form, (groupsOf.get(form) ?? new Set<number>()).add(group));
  }
  return groupsOf;
}
