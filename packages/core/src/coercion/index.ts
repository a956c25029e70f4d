export { coerceInstance } from './coerce-instance.ts';
export type { CoerceOptions } from './coerce-instance.ts';
export type { AccessionPolicy, Coercion, CoercionFlag, CoercionInput, CoercionPolicy, LocalOrder } from './coercion.ts';
export { planCoercion } from './identity-edits.ts';
