export { adapter } from './adapter.ts';
export type { PatientsCsvConfig } from './adapter.ts';
export type { Column, ColumnNames } from './csv-columns.ts';
export type { CsvEncoding } from './csv-text.ts';
export { patientsCsv } from './patients-csv.ts';
export type { PatientsCsvOptions } from './patients-csv.ts';
