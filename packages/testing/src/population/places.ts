/**
 * Addresses and telephone numbers: towns with their name in the other language, streets likewise, and the ways in which
 * clerks shorten them.
 */
import type { PopulationRandom } from './random.ts';

/** Where a town lies, seen from Belgium. */
export type Region = 'fr' | 'nl' | 'de' | 'brussels' | 'abroad';

/** A town under the names it goes by. */
export interface Town {
  readonly region: Region;
  readonly postcode: string;
  readonly name: string;
  /** In the other language; the same where there is none. */
  readonly otherName: string;
}

/** An address in full. */
export interface Home {
  readonly town: Town;
  readonly street: string;
  /** House number, sometimes with a box. */
  readonly house: string;
}

/** A home in a region. */
export function homeIn(region: Region, random: PopulationRandom): Home {
  const town = random.frequent(TOWNS[region]);
  const language = languageOf(town);
  const street = random.frequent(STREETS[language]);
  const number = random.between(1, 240);
  if (!random.chance(0.22)) return { town, street, house: `${number}` };
  return { town, street, house: `${number} ${random.pick(['/', 'bte', 'b', 'bus'])} ${random.between(1, 40)}` };
}

/** The name of the street in the other language, when it has one. */
export function streetInOtherLanguage(street: string): string {
  return OTHER_STREET.get(street) ?? street;
}

/** `Rue de la Gare` as `R. de la Gare`, `Stationsstraat` as `Stationsstr.`. */
export function abbreviatedStreet(street: string): string {
  return street
    .replace(/^Rue\b/, 'R.')
    .replace(/^Avenue\b/, 'Av.')
    .replace(/^Boulevard\b/, 'Bd')
    .replace(/^Chaussée\b/, 'Ch.')
    .replace(/^Place\b/, 'Pl.')
    .replace(/straat$/, 'str.')
    .replace(/straße$/, 'str.')
    .replace(/steenweg$/, 'stwg');
}

/** A telephone number as dialled inside the country, without separators: ten digits for a mobile, nine for a line. */
export function phoneNumber(kind: 'mobile' | 'line', random: PopulationRandom): string {
  const digits = (count: number): string => `${random.below(10 ** count)}`.padStart(count, '0');
  if (kind === 'mobile') return `04${random.between(70, 99)}${digits(6)}`;
  return `${random.pick(['02', '03', '04', '09', '010', '011', '012', '016', '081', '085', '087'])}${digits(7)}`.slice(
    0,
    9,
  );
}

/** A telephone number as somebody wrote it: plain, with separators, or as dialled from abroad. */
export function writtenPhone(phone: string, random: PopulationRandom): string {
  const form = random.unit();
  if (form < 0.55) return phone;
  if (form < 0.75) return `${phone.slice(0, 4)}/${phone.slice(4, 6)} ${phone.slice(6, 8)} ${phone.slice(8)}`.trim();
  return (form < 0.92 ? '+32' : '0032') + phone.slice(1);
}

function languageOf(town: Town): 'fr' | 'nl' | 'de' {
  if (town.region === 'nl' || town.region === 'de') return town.region;
  if (town.region !== 'abroad') return 'fr';
  return /^\d{4}$/.test(town.postcode) && town.postcode > '6000' ? 'nl' : town.postcode.startsWith('5') ? 'de' : 'fr';
}

function towns(region: Region, text: string): readonly Town[] {
  return text.split(',').map((entry) => {
    const [, postcode = '', name = '', otherName = name] = /^\s*(\d+) ([^=]+)(?:=(.+))?$/.exec(entry) ?? [];
    return { region, postcode, name: name.trim(), otherName: otherName.trim() };
  });
}

const TOWNS: Readonly<Record<Region, readonly Town[]>> = {
  fr: towns(
    'fr',
    `4000 Liège=Luik, 4100 Seraing, 5000 Namur=Namen, 4800 Verviers, 6000 Charleroi, 4040 Herstal, 4400 Flémalle, 4430 Ans,
    4420 Saint-Nicolas, 6700 Arlon=Aarlen, 7000 Mons=Bergen, 4050 Chaudfontaine, 4680 Oupeye, 4460 Grâce-Hollogne,
    4500 Huy=Hoei, 7500 Tournai=Doornik, 4600 Visé=Wezet, 6900 Marche-en-Famenne, 4130 Esneux, 4280 Hannut=Hannuit,
    4300 Waremme=Borgworm, 4920 Aywaille, 4960 Malmedy, 1300 Wavre=Waver, 4900 Spa, 5300 Andenne, 6600 Bastogne=Bastenaken`,
  ),
  nl: towns(
    'nl',
    `2000 Antwerpen=Anvers, 3500 Hasselt, 3700 Tongeren=Tongres, 9000 Gent=Gand, 3600 Genk, 3800 Sint-Truiden=Saint-Trond,
    3000 Leuven=Louvain, 3740 Bilzen=Bilsen, 8000 Brugge=Bruges, 3770 Riemst, 2800 Mechelen=Malines, 3680 Maaseik,
    3790 Voeren=Fourons, 3400 Landen, 8500 Kortrijk=Courtrai, 9300 Aalst=Alost`,
  ),
  de: towns('de', '4700 Eupen, 4720 Kelmis=La Calamine, 4730 Raeren, 4780 Sankt Vith=Saint-Vith, 4750 Bütgenbach'),
  brussels: towns(
    'brussels',
    `1000 Bruxelles=Brussel, 1070 Anderlecht, 1030 Schaerbeek=Schaarbeek, 1080 Molenbeek-Saint-Jean=Sint-Jans-Molenbeek,
    1050 Ixelles=Elsene, 1180 Uccle=Ukkel, 1060 Saint-Gilles=Sint-Gillis`,
  ),
  abroad: towns(
    'abroad',
    `6211 Maastricht, 52062 Aachen=Aix-la-Chapelle, 6411 Heerlen, 54400 Longwy, 59000 Lille=Rijsel, 1009 Luxembourg=Luxemburg,
    50667 Köln=Cologne, 08600 Givet`,
  ),
};

/** Pairs of a French and a Dutch name; a name alone has no other. */
const BILINGUAL = `Rue de la Station=Stationsstraat, Rue des Champs=Veldstraat, Rue Haute=Hoogstraat, Rue Neuve=Nieuwstraat,
  Rue de l'Église=Kerkstraat, Rue du Moulin=Molenstraat, Avenue des Tilleuls=Lindenlaan, Rue des Écoles=Schoolstraat,
  Rue de la Chapelle=Kapelstraat, Rue du Village=Dorpsstraat, Place du Marché=Marktplein, Rue Verte=Groenstraat,
  Rue du Pont=Brugstraat, Avenue Reine Astrid=Koningin Astridlaan, Avenue Roi Albert=Koning Albertlaan,
  Rue du Ruisseau=Beekstraat, Rue de la Montagne=Bergstraat, Chaussée de Tongres=Tongersesteenweg`;
const FRENCH = `Rue Joseph Wauters, Allée des Bouleaux, Avenue de la Gare, Rue Saint-Gilles, Clos des Acacias, Rue Grétry,
  Rue Jean Jaurès, Quai de Rome, Rue de Campine, Rue Ernest Solvay, Rue Louvrex, Rue Sainte-Marguerite, Rue des Vennes,
  Boulevard de la Constitution, Rue de Hesbaye, Route de Huy, Rue du Général Jacques, Thier de la Fontaine, Rue Vinâve,
  Rue des Guillemins, Rue de Fétinne, Rue du Centre, Rue Basse, Rue des Prés, Rue Pierre Curie, Rue du Bois l'Évêque`;
const DUTCH = `Grote Markt, Sint-Jansstraat, Leopoldlaan, Maastrichterstraat, Diestersteenweg, Burgemeester Bollenstraat,
  Vijverstraat, Haasstraat, Stationslaan, Boomgaardstraat, Kanaalkom, Guido Gezellelaan`;
const GERMAN = `Hauptstraße, Bergstraße, Kirchstraße, Schulstraße, Gospertstraße, Neustraße, Lütticher Straße, Aachener Straße,
  Bahnhofstraße, Klosterstraße, Malmedyer Straße, Am Markt`;

const PAIRS = BILINGUAL.split(',').map((pair) => pair.trim().split('=') as [string, string]);
const OTHER_STREET = new Map(PAIRS.flatMap(([french, dutch]) => [[french, dutch] as const, [dutch, french] as const]));
const STREETS: Readonly<Record<'fr' | 'nl' | 'de', readonly string[]>> = {
  fr: [...PAIRS.map(([french]) => french), ...FRENCH.split(',').map((street) => street.trim())],
  nl: [...PAIRS.map(([, dutch]) => dutch), ...DUTCH.split(',').map((street) => street.trim())],
  de: GERMAN.split(',').map((street) => street.trim()),
};
