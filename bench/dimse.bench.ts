/**
 * DIMSE against DCMTK, in both roles of storage: bench/dimse-scp.ts takes instances, bench/dimse-scu.ts gives them.
 *
 *   pnpm bench dimse [--case SCP-TINY|SCP-CT|SCP-MF1G|SCP-TLS-CT|SCP-TLS-MF1G|SCU-…] [--quick] [--runs N] [--json]
 */
import { measureScp, scpCases } from './dimse-scp.ts';
import { measureScu, scuCases } from './dimse-scu.ts';
import { benchOptions } from './sides.ts';

const options = benchOptions((quick) => [...scpCases(quick), ...scuCases(quick)].map(({ name }) => name));
await measureScp(options);
await measureScu(options);
