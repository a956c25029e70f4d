/**
 * The levels of agreement a comparison can end in, by field. They are data: the model gives each a weight, decisions
 * record them, and explanations have a sentence for each.
 */

/** Levels by field, from agreement to disagreement. `missing` and `ignored` weigh nothing and are not listed. */
export const LEVELS = {
  /**
   * `doubted`: equal, but at odds with somebody's own birth date or sex; `bis-same-date`: a BIS and a national number
   * with one birth date, as when a person was registered later; `shared`: equal, and so are those of others here; `slip`: one
   * typing error apart, where no check digit says which is wrong.
   */
  number: ['equal', 'doubted', 'shared', 'bis-same-date', 'slip', 'differ'],
  /** The arrival carries this hospital's own Patient ID, under its own issuer. */
  localId: ['equal'],
  /** `near`: one typing error or another spelling; `token`: one part of a double name; `similar`: Jaro-Winkler >= 0.88. */
  family: ['exact', 'near', 'token', 'similar', 'differ'],
  /**
   * `spelling`: the same letters in another spelling; `mistyped`: one typing error apart, and one of the two is no
   * name that anybody bears here; `near`: a typing error, or the neighbouring name of a twin;
   * `variant`: Fred for Frédéric; `part`: Jean for Jean-Pierre; `exchanged`: given and middle name
   * are each other's; `middle`: the other's middle name.
   */
  given: [
    'exact',
    'spelling',
    'variant',
    'part',
    'initial',
    'mistyped',
    'near',
    'exchanged',
    'middle',
    'similar',
    'differ',
  ],
  /** Family and given name stand exchanged. */
  nameOrder: ['swapped'],
  middle: ['exact', 'part', 'initial', 'differ'],
  /**
   * `exact-first`: equal, and on a first of January or July, which often stands for an unknown day; `digit`: one digit
   * or a swap of neighbours in day or month; `swap`: day and month exchanged; `year-digit`: one digit of the year;
   * `first-of-year`: same year, one side on such a day; `partial`: equal as far as both are known; `by-number`: different,
   * but equal to the date in the national number beside the other.
   */
  birthDate: ['exact', 'exact-first', 'digit', 'swap', 'year-digit', 'first-of-year', 'partial', 'by-number', 'differ'],
  sex: ['same', 'differ'],
  address: ['street', 'street-near', 'town', 'differ'],
  phone: ['same', 'differ'],
  /** Others in the registry bear the same name; weighs against. */
  namesakes: ['some'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A field that is compared. */
export type Field = keyof typeof LEVELS;
/** A level of one field, or that it could not be compared. */
export type LevelOf<F extends Field> = (typeof LEVELS)[F][number] | 'missing' | 'ignored';
/** A level of any field. */
export type Level = { [F in Field]: LevelOf<F> }[Field];
/** One level for each field. */
export type FieldLevels = { readonly [F in Field]: LevelOf<F> };
/** All fields, in the order in which they are shown. */
export const FIELDS = Object.keys(LEVELS) as readonly Field[];
