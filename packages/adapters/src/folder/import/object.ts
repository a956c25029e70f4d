/** The object that a file becomes. */
import type { Subject } from './common-modules.ts';
import type { ComposedObject } from './composed.ts';
import type { Content } from './content.ts';
import { cdaObject, pdfObject } from './document-object.ts';
import { imageObject } from './image-object.ts';
import { soundObject } from './sound-object.ts';
import { videoObject } from './video-object.ts';

/** @throws {ImportError} */
export function objectOf(content: Content, subject: Subject): ComposedObject {
  switch (content.kind) {
    case 'pdf':
      return pdfObject(subject, content.lengthBytes);
    case 'cda':
      return cdaObject(subject, content.lengthBytes, content.head);
    case 'jpeg':
      return imageObject(subject, content.picture);
    case 'mp4':
      return videoObject(subject, content.video);
    case 'wav':
      return soundObject(subject, content.sound);
    default:
      throw new Error(`no such kind: ${String(content satisfies never)}`);
  }
}
