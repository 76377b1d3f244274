/** Names of what people, their systems and the Hugging Face hub put beside a dataset: nobody's dataset is made of it. */

/** What is hidden no loader reads, and it is a program's or a system's: `.git`, `.cache/huggingface`, `.DS_Store`. */
const HIDDEN = /(^|\/)\.[^/]+/;
const PAPERS =
  /^(README|LICENSE|LICENCE|NOTICE|COPYING|CITATION|CHANGELOG)(\.(md|txt|rst|cff|bib))?$|^dataset_infos?\.json$/i;
/** Windows, the disks of Synology, and repairs of file systems. */
const SYSTEMS = /(^|\/)(Thumbs\.db|desktop\.ini|\$RECYCLE\.BIN|System Volume Information|@eaDir|lost\+found)(\/|$)/i;

/** @param path - relative to the dataset. The job's own state is no question here. */
export function isOwnersFile(path: string): boolean {
  return HIDDEN.test(path) || PAPERS.test(path) || SYSTEMS.test(path);
}
