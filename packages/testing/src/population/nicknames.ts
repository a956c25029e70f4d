/**
 * What people are called beside the name on their identity card: short forms, and the spelling of the other language.
 */

const NICKNAMES: Readonly<Record<string, string>> = Object.fromEntries(
  `Alexandre:Alex Alexander:Alex Alexandru:Alex Antoine:Tony Antonio:Tonio Antoon:Toon Alphonse:Fons Alfons:Fons
  Frédéric:Fred Christophe:Chris Christian:Chris Kristof:Kris Christine:Chris Christiane:Chris Catherine:Cathy
  Katrien:Trien Kathleen:Kathy Charlotte:Lotte Elisabeth:Lies Liesbeth:Lies Élisabeth:Babeth Françoise:Fanfan
  Francesco:Franco Giuseppe:Pino Giuseppina:Pina Salvatore:Toto Giovanni:Gianni Domenico:Mimmo Vincenzo:Enzo
  Guillaume:Guy Gustaaf:Staf Gustave:Gus Jacques:Jacky Jacqueline:Jacquie Jean:Johnny Joseph:Jos Josef:Sepp Jozef:Jef
  Karel:Charel Laetitia:Titia Laurence:Lolo Lodewijk:Lode Louis:Loulou Magdalena:Magda Magdalena:Leen Margaretha:Greta
  Marguerite:Maggy Margarete:Gretel Maria:Mia Mathieu:Mat Matthias:Mat Maximilian:Max Maxime:Max Michaël:Mike
  Michael:Mike Michel:Mich Mohamed:Mo Mohammed:Moha Mustapha:Mus Nathalie:Nath Nicolas:Nico Niklas:Nik Olivier:Olly
  Patrick:Pat Patricia:Pat Peter:Pit Philippe:Phil Filip:Flip Pierre:Pierrot Pieter:Piet Raphaël:Raph Robert:Bob
  Roger:Rog Sandrine:Sandra Sébastien:Seb Simone:Mona Sophie:Soph Stefaan:Stef Stefan:Steff Stéphane:Steph
  Stéphanie:Steph Suzanne:Suzy Theo:Theodoor Thérèse:Thea Thomas:Tom Valérie:Val Véronique:Véro Victor:Vic Vincent:Vinnie
  Virginie:Virg Wilhelm:Willy Krzysztof:Krzys Andrzej:Andrew Katarzyna:Kasia Małgorzata:Gosia Agnieszka:Aga Jakub:Kuba
  Francisco:Paco José:Pepe Manuel:Manu Emmanuel:Manu Dolores:Lola Mehmet:Memo Hüseyin:Hussein İbrahim:Ibo Mustafa:Mus
  Constantin:Costel Gheorghe:George Ștefan:Fane Benjamin:Ben Jonathan:Jo Jennifer:Jenny Pascale:Pasca Geoffrey:Geof
  Grégory:Greg Ludovic:Ludo Dominique:Dom Isabelle:Isa Caroline:Caro Aurélie:Aurél Bénédicte:Béné Delphine:Delph`
    .split(/\s+/)
    .map((pair) => pair.split(':')),
);

/** The nickname of a given name; undefined where there is none. */
export function nicknameOf(given: string): string | undefined {
  return NICKNAMES[given];
}
