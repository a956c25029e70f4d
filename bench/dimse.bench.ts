/**
 * DIMSE against DCMTK, in both roles of storage: bench/dimse-scp.ts takes instances, bench/dimse-scu.ts gives them.
 *
 *   pnpm bench dimse [--case SCP-TINY|SCP-CT|SCP-MF1G|SCP-TLS-CT|SCP-TLS-MF1G|SCU-…] [--quick] [--runs N] [--json]
 */
import { parseArgs } from 'node:util';
import { measureScp, scpCases } from './dimse-scp.ts';
import { measureScu, scuCases } from './dimse-scu.ts';

const { values } = parseArgs({
  options: {
    case: { type: 'string' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    runs: { type: 'string', default: '3' },
  },
});
const quick = values.quick === true;
const names = [...scpCases(quick), ...scuCases(quick)].map(({ name }) => name);
if (values.case !== undefined && !names.includes(values.case)) {
  throw new Error(`--case is one of: ${names.join(', ')}`);
}
const options = {
  only: values.case,
  quick,
  runs: Math.max(3, Number(values.runs)),
  note: (text: string): void => {
    if (values.json !== true) console.error(text);
  },
};
await measureScp(options);
await measureScu(options);
