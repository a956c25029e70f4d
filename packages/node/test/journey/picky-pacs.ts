/** A folder as PACS that takes nothing compressed, and says so when it is asked: named by path in a configuration. */
import { adapter as folder } from '@interhosp/adapters/folder';
import { TRANSFER_SYNTAXES } from '@interhosp/core/dicom';
import type { Pacs, PacsAdapterModule, StorableInstance } from '@interhosp/core/pacs';

const TAKEN = [TRANSFER_SYNTAXES.ImplicitVRLittleEndian, TRANSFER_SYNTAXES.ExplicitVRLittleEndian];

/** As the folder adapter, with its configuration. */
export const adapter: PacsAdapterModule = {
  ...(folder as PacsAdapterModule),
  name: 'picky',
  create: async (config, context): Promise<Pacs> => {
    const pacs = await (folder as PacsAdapterModule).create(config, context);
    const store = pacs.store.bind(pacs);
    return Object.assign(pacs, {
      acceptedSyntaxes: async () => TAKEN,
      store: (instances: Parameters<Pacs['store']>[0], options: Parameters<Pacs['store']>[1]) =>
        store(onlyTaken(instances), options),
    });
  },
};

/** One in another syntax would be a fault of the member: it ends the store. */
async function* onlyTaken(instances: Parameters<Pacs['store']>[0]): AsyncGenerator<StorableInstance> {
  for await (const instance of instances) {
    if (!TAKEN.includes(instance.transferSyntaxUid)) throw new Error('given what was not taken');
    yield instance;
  }
}
