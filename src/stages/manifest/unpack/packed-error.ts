/** What is wrong with packed bytes, in words: what they belong to and where it shows is added by who knows it. */
export class PackedError extends Error {
  /** The last two are whole: unpacking them would take too much time or memory, or they are packed in an unusual way. */
  readonly kind: 'damaged' | 'too large' | 'unread';

  constructor(message: string, kind: PackedError['kind'] = 'damaged') {
    super(message);
    this.kind = kind;
  }
}
