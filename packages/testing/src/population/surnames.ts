/**
 * Surnames by origin: common ones, the commonest first, and rare ones put together from syllables, so that about half of
 * all families have a name that few others bear.
 */
import type { PopulationRandom } from './random.ts';

/** Where a family's names come from; the first three are the languages of Belgium. */
export type Origin = 'fr' | 'nl' | 'de' | 'it' | 'tr' | 'ar' | 'pl' | 'pt' | 'es' | 'cd' | 'ro';

/** A surname as its bearer would write it. */
export function surnameOf(origin: Origin, random: PopulationRandom): string {
  const isRare = random.chance(RARE_SHARE[origin] ?? 0.42);
  return isRare ? inventSurname(origin, random) : random.frequent(COMMON[origin]);
}

/** The form a woman of the family bears: Slavic -ski becomes -ska. */
export function feminineSurname(surname: string): string {
  return surname.replace(/(s|c|dz)ki$/, '$1ka');
}

const RARE_SHARE: Readonly<Partial<Record<Origin, number>>> = { fr: 0.68, nl: 0.72, de: 0.6, it: 0.55 };

function list(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim());
}

const COMMON: Readonly<Record<Origin, readonly string[]>> = {
  fr: list(`Dubois, Lambert, Martin, Dupont, Simon, Laurent, Leroy, Leclercq, Renard, Gérard, Denis, François, Noël, Petit,
    Mathieu, Fontaine, Michel, Bertrand, Charlier, Lejeune, Collard, Marchal, Massart, Bodart, Henry, Thiry, Gilles, Remy,
    Dumont, Lemaire, Pirard, Defays, Closset, Evrard, Grégoire, Georges, Delvaux, Collignon, Piron, Joris, Thonon, Halleux,
    Delhez, Jacquemin, Lhoest, Bastin, Counet, Wéry, Lenaerts, Hardy, Legrand, Marquet, Antoine, Colson, Dethier, Crahay,
    Fraikin, Hubert, Jadot, Kinet, Mélon, Nizet, Paquay, Quoilin, Rahier, Schyns, Thomé, Urbain, Vrancken, Xhonneux`),
  nl: list(`Peeters, Janssens, Maes, Jacobs, Mertens, Willems, Claes, Goossens, Wouters, De Smet, Vermeulen, Pauwels,
    Hermans, Van den Broeck, Aerts, Michiels, De Vos, Martens, De Clercq, Smets, Desmet, Hendrickx, Van Damme, Janssen,
    Verhoeven, Stevens, Segers, De Backer, Thijs, Bogaerts, Coppens, Vandenberghe, Lemmens, Moons, Cools, Baert,
    Van den Bossche, Wuyts, Van de Velde, De Cock, Timmermans, Verstraete, Declercq, Van Hoof, De Wilde, Swinnen, Nijs,
    Vanderlinden, Geerts, Cuypers, Ceulemans, Schreurs, Van der Auwera, Knapen, Driesen, Bollen, Vrijens, Gielen`),
  de: list(`Müller, Schmitz, Keller, Schumacher, Radermacher, Hilgers, Kessel, Langer, Möller, Schröder, Bauer, Weber,
    Schäfer, Becker, Köhler, Heinen, Pauels, Hansen, Thelen, Lentz, Brüll, Jousten, Reinertz, Fank, Theissen, Kirch`),
  it: list(`Rossi, Russo, Ferrari, Esposito, Romano, Marino, Greco, Conti, De Luca, Costa, Giordano, Rizzo, Lombardi, Moretti,
    Caruso, Di Stefano, Amato, Gallo, Messina, La Rosa, D'Angelo, D'Amico, Fontana, Mancini, Vitale, Lo Presti, Parisi`),
  tr: list(`Yılmaz, Kaya, Demir, Şahin, Çelik, Yıldız, Yıldırım, Öztürk, Aydın, Özdemir, Arslan, Doğan, Kılıç, Aslan, Çetin,
    Koç, Kurt, Özkan, Şimşek, Polat, Uçar, Güneş, Erdoğan, Aksoy, Karataş, Keskin, Bulut, Türk, Özgür, Gökmen`),
  ar: list(`El Idrissi, Benali, El Amrani, Bouzid, Haddad, El Fassi, Azzouzi, Bensaïd, Alaoui, Amrani, El Khattabi, Mansouri,
    Ouali, Tahiri, Ziani, Belhadj, Cherkaoui, El Mokhtar, Bennani, Chaoui, Hamdaoui, El Ouardi, Saïdi, Zerouali, Lahlou,
    El Yousfi, Berrada, Filali, El Bouazzaoui, Ait Ali, Ben Ahmed, Haddouch, Rahmani, Khalil, Nasri`),
  pl: list(`Nowak, Kowalski, Wiśniewski, Wójcik, Kowalczyk, Kamiński, Lewandowski, Zieliński, Szymański, Woźniak, Dąbrowski,
    Kozłowski, Jankowski, Mazur, Krawczyk, Kaczmarek, Piotrowski, Grabowski, Zając, Król, Michalski, Pawłowski`),
  pt: list(`Silva, Santos, Ferreira, Pereira, Oliveira, Costa, Rodrigues, Martins, Da Silva, Sousa, Fernandes, Gonçalves,
    Gomes, Lopes, Marques, Almeida, Ribeiro, Pinto, Carvalho, Teixeira, Moreira, Dos Santos, Da Costa, Correia, Conceição`),
  es: list(`García, Fernández, González, Rodríguez, López, Martínez, Sánchez, Pérez, Gómez, Martín, Jiménez, Ruiz, Hernández,
    Díaz, Moreno, Muñoz, Álvarez, Romero, Alonso, Gutiérrez, Navarro, Torres, De la Cruz, Ramos, Ibáñez, Castaño`),
  cd: list(`Kabongo, Kasongo, Ilunga, Mbuyi, Tshibangu, Mukendi, Kalala, Lukusa, Mutombo, Ngoy, Kabamba, Mwamba, Nsimba,
    Kabeya, Makiese, Mulumba, Luzolo, Bokungu, Nzuzi, Tshimanga, Mbala, Kitenge, Matondo, Kalonji, Ngalula`),
  ro: list(`Popescu, Ionescu, Popa, Radu, Dumitru, Stan, Stoica, Gheorghe, Matei, Ciobanu, Constantin, Rusu, Munteanu,
    Moldovan, Lazăr, Șerban, Ștefan, Florea, Barbu, Nistor, Țurcanu, Cristea, Ungureanu`),
};

interface Syllables {
  readonly particles: readonly string[];
  /** Share of invented names with a particle. */
  readonly particleShare: number;
  readonly starts: readonly string[];
  readonly middles: readonly string[];
  readonly ends: readonly string[];
}

function syllables(particleShare: number, particles: string, starts: string, middles: string, ends: string): Syllables {
  const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
  return {
    particleShare,
    particles: particles.split(','),
    starts: words(starts),
    middles: words(middles),
    ends: words(ends),
  };
}

const NORTHERN = syllables(
  0.35,
  'Van ,Van ,De ,Van de ,Van den ,Van der ,Vanden,Vander,Ver,De ',
  'Bol Brae Bree Bruy Cau Craey Die Drie Eeck Fran Ghe Goe Haeg Hee Hul Kal Kee Lae Loo Mee Moer Nij Pae Prae Quae Ree Roe',
  'ck ge l len ler m men ms n nd ne r rde s ste t ter v ven zel',
  'beke berg bergen bosch broeck dael daele donck gem hout huyse ine inckx kens laer man mans meersch poel sel steen vliet',
);
const SOUTHERN = syllables(
  0.2,
  "De ,De La ,D',D',Le ,Del,Du,De",
  'Ba Be Bo Bri Ca Char Cla Cor Da Fa Flo Gau Gi Gri Ha Hou Ja La Li Ma Mi Mo Na Pa Pi Po Qua Ra Ro Sa Ta Thi Va Ve Wa',
  'b bl ch ck d dr g gn l ll lm m mb n nc nd nn ns p qu r rb rl rn rt s ss t tt v',
  'ain and ard art aux chamont court eau elet elle en erie et eux ier illon in ise on ot oul oux ville villers y é ée',
);
const GERMAN = syllables(
  0,
  '',
  'Acker Alt Berg Birk Brandt Buch Dorn Ehr Eich Feld Fried Gros Grün Hart Heim Hoch Kalt Kirch Klein Küh Läu Linden Neu',
  'e en er f l n s sch t z',
  'bach baum berg born brand dorf fer feld haus hoff holz ing kamp ler lich mann meier rath stein thal wald',
);
const ITALIAN = syllables(
  0.12,
  "Di ,De ,La ,Lo ,D',Del ",
  'Ama Bel Ber Bo Bru Ca Ce Co Da Fa Fi Ga Gi La Lu Ma Mo Na Pa Pe Ra Ro Sa Se Ta To Va Vi Za',
  'b cc ch d g gl l ll m n nd nt p r rd rr s ss t tt v zz',
  'acci ali anna ano ardi aro asco ella elli ena eri etta etti iani ico igno ini ino isi ola one oni otti ucci uso',
);
const TURKISH = syllables(
  0,
  '',
  'Ak Al Altın Ay Bay Bey Boz Can Dağ Dem Er Göz Gül Gür Kal Kara Kır Koz Öz Sar Şen Taş Tek Tor Uz Yal Yurt',
  'a ba ca da de ı i ka la le ma me ta u ü',
  'bey ci çı dağ er gil gül kan kaya lı man oğlu pınar soy tekin tepe türk yol yurt',
);
const ARABIC = syllables(
  0.3,
  'El ,El ,Ben ,Bou,Aït ',
  'Aba Ach Akh Aza Bak Bar Bel Char Daou Fad Gha Ham Haj Idr Jab Kab Kha Lam Mah Mer Nai Oua Rah Sab Sal Tah Yaz Zah',
  'b bb ch d dd dj f gh k l ll m ms n r rr ss t z',
  'ad ah ali am ani aoui ari i iche idi ili imi iri issi ou ouch ouf oui oun ri',
);
const OTHER: Readonly<Partial<Record<Origin, Syllables>>> = {
  pl: syllables(
    0,
    '',
    'Bar Biel Bo Brzo Cho Dro Gli Gó Ja Kli Kra Lu Ma Nie Ol Pie Ro Si Sta Su Tro Wa Wi Za',
    'ch d g j k l m n r rz s sz w z',
    'ak arczyk ecki ewicz ik iński ka owicz owski owiak ski yński',
  ),
  ro: syllables(
    0,
    '',
    'Al Bă Bo Bra Chi Co Da Do Fi Ga Gri Io Lu Ma Ne Pa Pe Ro Sa Ti Va Vo',
    'b c d g l m n r s t v z',
    'ache aru aș eanu escu ici iceanu iu oiu oveanu ulea uș',
  ),
  cd: syllables(
    0,
    '',
    'Ba Bo Ka Ki Ku Lo Lu Ma Mbo Mu Mpo Nda Ngo Nsa Nto Tshi Ya Ze',
    'b k l m mb nd ng nz p s t y z',
    'aba ala ama anga asi elo ema enge idi ika imba olo onda ongo ula umba undu',
  ),
  pt: syllables(
    0.12,
    'Da ,De ,Dos ',
    'Al Ba Bo Ca Co Es Fa Fi Gra La Lo Ma Me No Pa Pe Qui Ra Sa Se Ta Vi',
    'b c d g l m n nh r rr s t v',
    'ães ais al ão as edo eira eiro ela es inho ões osa ote ouro',
  ),
};
const SYLLABLES: Readonly<Record<Origin, Syllables>> = {
  fr: SOUTHERN,
  nl: NORTHERN,
  de: GERMAN,
  it: ITALIAN,
  tr: TURKISH,
  ar: ARABIC,
  pl: OTHER.pl ?? SOUTHERN,
  ro: OTHER.ro ?? SOUTHERN,
  cd: OTHER.cd ?? SOUTHERN,
  pt: OTHER.pt ?? SOUTHERN,
  es: OTHER.pt ?? SOUTHERN,
};

function inventSurname(origin: Origin, random: PopulationRandom): string {
  const parts = SYLLABLES[origin];
  const particle = random.chance(parts.particleShare) ? random.pick(parts.particles) : '';
  const longer = random.chance(0.3) ? random.pick(parts.starts).toLowerCase() + random.pick(parts.middles) : '';
  const stem = random.pick(parts.starts) + random.pick(parts.middles) + longer + random.pick(parts.ends);
  return particle === '' || /[ ']$/.test(particle) ? particle + stem : particle + stem.toLowerCase();
}
