/** Numbers as people read them, for the command line. */
export { byteSize, count, duration, percent } from '../../format.ts';
