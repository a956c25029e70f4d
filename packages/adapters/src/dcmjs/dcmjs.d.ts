/** What is used of dcmjs, which brings no types. */
declare module 'dcmjs' {
  type Attribute = { readonly vr: string; readonly Value?: unknown };
  type Dict = Readonly<Record<string, Attribute>>;

  export const data: {
    readonly DicomMessage: { readFile(bytes: ArrayBuffer): { readonly dict: Dict } };
    readonly DicomDict: new (meta: Dict) => { dict: Dict; write(options: object): ArrayBuffer };
    readonly DicomMetaDictionary: {
      readonly nameMap: Readonly<Record<string, { readonly tag: string; readonly vr: string; readonly vm: string }>>;
    };
  };
  export const log: { setLevel(level: string): void };
}
