import { expect, it } from 'vitest';
import { DataSetInbox } from './inbox.ts';

it('says when pieces were put back, whose memory is not to be freed then', async () => {
  const inbox = new DataSetInbox({ held: () => {}, awaits: () => {} });
  inbox.push(new Uint8Array(8));
  const pieces = await inbox.batch();
  expect(inbox.isAsItCame).toBe(true);
  inbox.putBack(pieces);
  expect(inbox.isAsItCame).toBe(false);
});
