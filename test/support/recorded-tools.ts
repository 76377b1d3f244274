/** Programs for uploads that write down how they were called and fail on demand: gocmd, and scp with its ssh. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

export interface RecordedTools {
  /** What they take for the other side. */
  readonly store: string;
  /** For processes that should find them. */
  readonly env: { readonly PATH: string };
  /** How they were called so far, a line each. */
  calls(): Promise<string[]>;
  /**
   * What the next uploads do: fail so often, or as long as the other side is down, hang once, write half and hang once, hang once when they rename, wait before they work (s), or claim
   * success and do nothing; and what the next ones do that read stdin: take 1,000 bytes and fail, or read nothing.
   */
  plan(what: {
    fail?: number;
    down?: number;
    hang?: number;
    half?: number;
    slow?: number;
    lie?: number;
    die?: number;
    deaf?: number;
    'hang-mv'?: number;
  }): Promise<void>;
}

/** Takes one from the plan `$1`, if there is one left. Of the marker that a job puts there nothing is planned or written down. */
const PREPARE = `#!/bin/sh
STORE="$(dirname "$(dirname "$(realpath "$0")")")/store"
case "$*" in *.flow-dc-job*) ;; *) echo "$(basename "$0") $*" >> "$STORE.calls" ;; esac
planned() {
  left="$(cat "$STORE.$1" 2>/dev/null || echo 0)"
  [ "$left" -gt 0 ] || return 1
  echo $((left - 1)) > "$STORE.$1"
}
upload() {
  case "$2" in *.flow-dc-job*) cp "$1" "$2"; return ;; esac
  if [ -e "$STORE.down" ] || planned fail; then echo "first line" >&2; echo "server said no, key $FAKE_SECRET_KEY" >&2; exit 1; fi
  if planned hang; then sleep 600; fi
  if planned half; then head -c 1000 "$1" > "$2"; sleep 600; fi
  if planned lie; then exit 0; fi
  [ ! -e "$STORE.slow" ] || sleep "$(cat "$STORE.slow")"
  cp "$1" "$2"
}
`;

/** As its earlier versions print. */
const GOCMD = `${PREPARE}
show() {
  printf '  me\\t0\\tdemo;rs1\\t%s\\t2024-04-02.13:36\\t&\\t%s\\n' "$(stat -c %s "$1")" "$(basename "$1")"
  printf '    %s\\t/vault/%s\\n' "$(md5sum < "$1" | cut -d' ' -f1)" "$(basename "$1")"
}
case "$1" in
  mkdir) mkdir -p "$STORE/$3" ;;
  put)
    if [ "$4" = --no_root ]; then
      if planned fail; then echo "server said no" >&2; exit 1; fi
      cp -R "$5/." "$STORE/$6"
    else upload "$4" "$STORE/$5"; fi ;;
  cat) cat "$STORE/$2" ;;
  rm) rm -f "$STORE/$3" ;;
  mv)
    if planned hang-mv; then sleep 60; fi
    [ -f "$STORE/$2" ] || { echo "data-object not found: $2" >&2; exit 1; }
    rm -f "$STORE/$3"; mv "$STORE/$2" "$STORE/$3" ;;
  ls)
    at="$STORE/$3"
    if [ -d "$at" ]; then echo "/zone/$3:"; for one in "$at"/* "$at"/.[!.]*; do [ ! -f "$one" ] || show "$one"; done
    elif [ -f "$at" ]; then show "$at"
    else echo "data-object not found: $3" >&2; exit 1; fi ;;
  *) echo "unknown command $1" >&2; exit 2 ;;
esac
`;

const SCP = `${PREPARE}
for last; do :; done
case " $* " in *" -r "*) tree=1 ;; esac
while [ "$1" != -- ]; do shift; done
if [ -n "$tree" ]; then cp -R "$2" "$STORE/\${last#*:}"; else upload "$2" "$STORE/\${last#*:}"; fi
`;

/** Runs on the other side what it was told to. */
const SSH = `${PREPARE}
while [ "$1" != -- ]; do shift; done
case "$3" in "cat > "*)
  if planned die; then head -c 1000 > "$STORE/\${3#cat > }"; echo "the line went dead" >&2; exit 7; fi
  if planned deaf; then sleep 600; fi ;;
esac
cd "$STORE" && exec sh -c "$3"
`;

/** @param folder - existing, of the test's own */
export async function recordedTools(folder: string): Promise<RecordedTools> {
  const store = join(folder, 'store');
  const bin = join(folder, 'bin');
  await mkdir(store);
  await mkdir(bin);
  for (const [name, text] of Object.entries({ gocmd: GOCMD, scp: SCP, ssh: SSH })) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  return {
    store,
    env: { PATH: [bin, dirname(process.execPath), process.env.PATH ?? ''].join(delimiter) },
    calls: async () => (await readFile(`${store}.calls`, 'utf8').catch(() => '')).split('\n').slice(0, -1),
    plan: async (what) => {
      for (const [name, value] of Object.entries(what)) await writeFile(`${store}.${name}`, String(value));
    },
  };
}
