/**
 * Given names by origin, sex and time of birth; the commonest of each list first.
 */
import type { PopulationRandom } from './random.ts';
import type { Origin } from './surnames.ts';

type Era = 'old' | 'middle' | 'young';
type BySex = Readonly<Record<'M' | 'F', readonly string[]>>;

/** A given name, sometimes of two parts. Children of families from abroad often have a name of the country. */
export function givenNameOf(origin: Origin, sex: 'M' | 'F', birthYear: number, random: PopulationRandom): string {
  const language = origin === 'nl' || origin === 'de' ? origin : 'fr';
  const era: Era = birthYear < 1965 ? 'old' : birthYear < 1995 ? 'middle' : 'young';
  const abroad = ABROAD[origin];
  const names = abroad !== undefined && !random.chance(era === 'young' ? 0.35 : 0.15) ? abroad : HOME[language][era];
  if (random.chance(names === abroad ? 0.02 : 0.05)) {
    const compound = random.frequent(COMPOUND[origin === 'nl' ? 'nl' : 'fr'][sex]);
    return random.chance(0.85) ? compound : compound.replace('-', ' ');
  }
  // Fashions overlap: one in eight is named after somebody older.
  const list = names !== abroad && random.chance(0.12) ? HOME[language].middle[sex] : names[sex];
  return random.frequent(list);
}

/** Names of a pair of twins of one sex that a clerk may take for one another. */
export function twinNames(sex: 'M' | 'F', random: PopulationRandom): readonly [string, string] {
  const [first = '', second = ''] = random.pick(TWINS[sex]).split('/');
  return random.chance(0.5) ? [first, second] : [second, first];
}

function names(men: string, women: string): BySex {
  const list = (text: string): string[] => text.split(/\s+/).filter((name) => name !== '');
  return { M: list(men), F: list(women) };
}

const HOME: Readonly<Record<'fr' | 'nl' | 'de', Readonly<Record<Era, BySex>>>> = {
  fr: {
    old: names(
      `Jean Pierre Michel André Jacques Robert Georges Claude Marcel Roger Louis Paul Joseph Albert Guy René Lucien
      Raymond Henri Fernand Émile Christian Francis Léon Maurice Willy Yves Gilbert Edmond Gustave Alphonse Armand Ghislain`,
      `Marie Jeanne Monique Denise Jacqueline Yvonne Simone Madeleine Marguerite Christiane Lucienne Thérèse Josée Nicole
      Ginette Paulette Andrée Liliane Georgette Suzanne Germaine Colette Berthe Renée Yvette Arlette Claudine Irène Marcelle`,
    ),
    middle: names(
      `Philippe Marc Michaël Christophe Olivier Frédéric Nicolas David Patrick Laurent Pascal Thierry Éric Vincent Alain
      Stéphane Benoît Julien Sébastien Jérôme Cédric Fabrice Grégory Didier Bernard Luc Dominique Serge Bruno Xavier
      Jonathan Kevin Quentin Thomas Ludovic Raphaël Arnaud Geoffrey Loïc Renaud Gaëtan Yannick`,
      `Nathalie Isabelle Martine Sophie Anne Catherine Véronique Céline Valérie Stéphanie Virginie Julie Sandrine Vanessa
      Laurence Brigitte Fabienne Christine Aurélie Émilie Françoise Caroline Bénédicte Delphine Sandra Laetitia Mélanie
      Sabrina Élodie Sylvie Patricia Cindy Jennifer Amandine Gaëlle Hélène Muriel Pascale Géraldine Ingrid`,
    ),
    young: names(
      `Noah Louis Lucas Hugo Nathan Gabriel Arthur Liam Théo Maxime Adam Jules Mathis Raphaël Tom Ethan Romain Simon
      Alexandre Antoine Florian Clément Loïc Mathéo Robin Victor Léo Sacha Eden Maël Timéo Augustin Basile Martin Valentin`,
      `Emma Louise Léa Manon Chloé Camille Lucie Alice Juliette Clara Zoé Sarah Laura Élise Inès Marie Lola Eva Mila Charlotte
      Anaïs Pauline Justine Agathe Romane Noémie Julia Lina Margaux Victoria Ambre Apolline Capucine Elena Jade Olivia`,
    ),
  },
  nl: {
    old: names(
      `Jan Jozef Frans Willy Roger Karel André Luc Albert Pieter Georges Herman Etienne Gustaaf Robert Walter Hubert Antoon
      Alfons Leon Maurits Theo Ludo Gilbert Julien Omer Remi Camiel Achiel Lodewijk`,
      `Maria Anna Rosa Godelieve Paula Lutgarde Monique Magdalena Jeannine Irma Agnes Simonne Denise Christiane Yvonne
      Elisabeth Julia Rita Gerda Lea Alice Bertha Margaretha Josephina Martha Celina`,
    ),
    middle: names(
      `Peter Johan Marc Dirk Patrick Kris Bart Geert Koen Tom Stefaan Wim Steven Kristof Jeroen Kurt Filip Hans Sven Dieter
      Pieter Stijn Bert Joris Tim Wouter Nick Glenn Jurgen Bram Davy Danny Erwin Yves`,
      `Ann Sofie Katrien Nathalie Kristien Leen Els Inge Sabine Hilde Veerle Greet Kim Sara Annelies Liesbeth An Tine Karen
      Evelien Ilse Linda Marleen Carine Hanne Lieve Griet Wendy Joke Ellen Kathleen Mieke`,
    ),
    young: names(
      `Lucas Arthur Noah Jules Finn Milan Lars Wout Seppe Daan Mats Robbe Vince Kobe Senne Ruben Bram Jasper Thomas Lowie
      Viktor Warre Ferre Stan Leon Mathis Jelle Maarten Brent Xander`,
      `Emma Marie Elise Lotte Nora Louise Julie Ella Fien Olivia Amber Lore Lena Noor Laura Charlotte Hanne Jana Eline Femke
      Mila Juliette Helena Janne Lien Silke Axelle Tess Kato Lisa`,
    ),
  },
  de: {
    old: names(
      'Josef Heinrich Karl Hubert Leo Peter Johann Werner Günther Walter Alfred Ernst Erwin Bruno Hermann',
      'Maria Hildegard Gertrud Elisabeth Anna Käthe Irmgard Ursula Margarete Helga Ingrid Erika Rosa Hedwig',
    ),
    middle: names(
      'Thomas Stefan Michael Andreas Ralf Dirk Jürgen Frank Manfred Guido Daniel Alexander Jörg Sascha Björn René',
      'Monika Petra Sabine Claudia Birgit Sandra Melanie Nadine Karin Martina Anja Silke Nicole Tanja Daniela Gaby',
    ),
    young: names(
      'Lukas Leon Jonas Noah Felix Elias Jan Luca Niklas Finn Maximilian David Tim Simon Fabian Julian',
      'Lena Emma Mia Lea Sophie Hannah Laura Anna Marie Jana Lara Julia Leonie Amelie Mathilda Zoë',
    ),
  },
};

const ABROAD: Readonly<Partial<Record<Origin, BySex>>> = {
  it: names(
    `Giuseppe Salvatore Antonio Giovanni Francesco Angelo Vincenzo Carmelo Mario Luigi Domenico Calogero Matteo Alessio
    Marco Luca Fabio Roberto Gaetano Rocco`,
    `Maria Giuseppina Rosa Angela Carmela Concetta Anna Giovanna Lucia Teresa Francesca Laura Sabrina Giulia Chiara
    Alessia Silvana Assunta Filomena Carla`,
  ),
  tr: names(
    'Mehmet Mustafa Ali Ahmet Hüseyin Hasan İbrahim Murat Yusuf Emre Ömer Süleyman Ramazan Burak Fatih Uğur Çağlar Enes',
    'Fatma Ayşe Emine Hatice Zeynep Elif Özlem Büşra Kübra Melek Esra Merve Sevgi Gülşen Songül Yasemin Hülya Ebru',
  ),
  ar: names(
    `Mohamed Ahmed Youssef Hassan Karim Rachid Ali Said Abdelkader Mustapha Omar Ayoub Yassin Bilal Amine Hamza Ibrahim
    Ismaël Younes Imran Mohammed Rayan Abdellah Nordine`,
    `Fatima Khadija Aïcha Malika Naïma Samira Latifa Nadia Karima Yasmina Sarah Hanane Rachida Salma Nour Assia Inès
    Fatiha Zohra Imane Hafsa Soumaya Mériem Yasmine`,
  ),
  pl: names(
    'Piotr Andrzej Krzysztof Jan Tomasz Marcin Paweł Jakub Michał Łukasz Stanisław Mateusz Kamil Grzegorz Wojciech',
    'Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Monika Joanna Magdalena Zofia Aleksandra Beata Dorota Iwona',
  ),
  pt: names(
    'José João António Manuel Carlos Paulo Luís Pedro Ricardo Tiago Rui Bruno Miguel Hugo Fernando Nuno',
    'Maria Ana Sandra Teresa Paula Isabel Cristina Sofia Beatriz Fernanda Lúcia Catarina Conceição Inês Patrícia',
  ),
  es: names(
    'José Antonio Manuel Francisco Juan Javier Carlos Miguel Jesús Pablo Alejandro Sergio Álvaro Andrés Ramón',
    'María Carmen Ana Isabel Dolores Pilar Cristina Lucía Elena Rosario Mercedes Sofía Paula Nuria Ángela',
  ),
  cd: names(
    'Patrick Christian Jean Emmanuel Trésor Dieudonné Papy Serge Hervé Gloire Héritier Espoir Jonathan Merveil Fiston',
    'Christelle Angélique Marie Rachel Grâce Thérèse Nadège Bijou Merveille Esther Mireille Ruth Carine Divine Plamedi',
  ),
  ro: names(
    'Ion Andrei Mihai Alexandru Constantin Gheorghe Vasile Ștefan Florin Ionuț Adrian Cristian Marius Daniel Gabriel',
    'Maria Elena Ana Ioana Mihaela Andreea Daniela Cristina Simona Alina Gabriela Florentina Mădălina Roxana Ștefania',
  ),
};

const COMPOUND: Readonly<Record<'fr' | 'nl', BySex>> = {
  fr: names(
    `Jean-Pierre Jean-Marie Jean-Claude Jean-François Jean-Philippe Jean-Luc Jean-Paul Jean-Michel Marc-Antoine
    Pierre-Yves Charles-Antoine Paul-Henri Jean-Baptiste`,
    `Marie-Christine Anne-Sophie Anne-Marie Marie-Claire Marie-Paule Marie-Thérèse Marie-France Anne-Catherine
    Marie-Louise Anne-Laure Rose-Marie Lou-Anne Fatima-Zahra`,
  ),
  nl: names(
    'Pieter-Jan Jan-Willem Karel-Jan Bart-Jan Jan-Baptist Pieter-Paul',
    'An-Sofie Anne-Marie Marie-Louise Ann-Katrien Marie-Jeanne Lieve-Marie',
  ),
};

const TWINS: BySex = names(
  `Noa/Noah Tim/Tom Lucas/Luca Jan/Jens Milan/Mylan Liam/Lias Hugo/Ugo Léo/Léon Mathis/Mathias Enzo/Renzo Nolan/Dylan
  Yassin/Yasser Ali/Adil Marc/Marco Bart/Bert Thibaut/Thibault Hasan/Hassan Simon/Simeon Robin/Robbin Jules/Julien`,
  `Lina/Luna Noa/Nora Emma/Emmy Anna/Hanna Lara/Laura Julie/Julia Marie/Maria Elise/Eline Lena/Lana Lisa/Lise Clara/Klara
  Léa/Léna Mia/Mila Sara/Sarah Alice/Alicia Fien/Fenne Amina/Amira Lotte/Lore Zoé/Chloé Manon/Marion`,
);
