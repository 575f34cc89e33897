#!/usr/bin/env bash
# Where do sentence splitters for node put the closing quotation mark of a speech?
#
# Seen 2026-11-27 on dialogue with the curly quotes that novels are set with:
#   sentence-splitter 5.0.1     begins the next sentence with it: [“Stop!] [” “Why?] [” “Because.”]; in Chinese and French as well
#                               (with straight quotes it keeps the whole speech together)
#   sbd 1.0.19                  never cuts between two speeches, nor at a Japanese or Chinese full stop
#   cldr-segmentation 2.2.1     gives it to its sentence, cuts before "she asked", and, with its English suppressions, at initials ("J." "R.")
#   compromise 14.17.0          keeps speech and "she asked" together; gives several speeches as one sentence, and cuts at "No. 5"
# Quotation marks that are counted, or put back, a sentence at a time come out unpaired.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund sentence-splitter@5.0.1 sbd@1.0.19 cldr-segmentation@2.2.1 compromise@14.17.0 >/dev/null

cat >run.mjs <<'EOF'
import { split } from "sentence-splitter";
import sbd from "sbd";
import * as cldr from "cldr-segmentation";
import nlp from "compromise";
const by = {
  splitter: (t) => split(t).filter((x) => x.type === "Sentence").map((x) => x.raw),
  sbd: (t) => sbd.sentences(t),
  cldr: (t) => cldr.sentenceSplit(t, cldr.suppressions.en),
  compromise: (t) => nlp(t).sentences().out("array"),
};
const texts = ["“Stop!” “Why?” “Because.”", '"Stop!" "Why?"', "“Is it you?” she asked.", "他说：“是谁？”她没有回答。", "J. R. Smith came.", "He lived at No. 5 then."];
for (const text of texts) for (const [name, cut] of Object.entries(by)) console.log(name, cut(text).map((s) => `[${s.trim()}]`).join(" "));
EOF
got=$(node run.mjs 2>err) || { cat err; exit 1; }
echo "$got"
expected='splitter [“Stop!] [” “Why?] [” “Because.”]
sbd [“Stop!” “Why?” “Because.”]
cldr [“Stop!”] [“Why?”] [“Because.”]
compromise [“Stop!” “Why?” “Because.”]
splitter ["Stop!" "Why?"]
sbd ["Stop!" "Why?"]
cldr ["Stop!"] ["Why?"]
compromise ["Stop!" "Why?"]
splitter [“Is it you?] [” she asked.]
sbd [“Is it you?” she asked.]
cldr [“Is it you?”] [she asked.]
compromise [“Is it you?” she asked.]
splitter [他说：“是谁？] [”她没有回答。]
sbd [他说：“是谁？”她没有回答。]
cldr [他说：“是谁？”] [她没有回答。]
compromise [他说：“是谁？”她没有回答。]
splitter [J. R. Smith came.]
sbd [J. R. Smith came.]
cldr [J.] [R.] [Smith came.]
compromise [J. R. Smith came.]
splitter [He lived at No. 5 then.]
sbd [He lived at No. 5 then.]
cldr [He lived at No. 5 then.]
compromise [He lived at No.] [5 then.]'
if [[ $got != "$expected" ]]; then
  diff <(echo "$expected") <(echo "$got") || true
  echo "it is no longer as described here"
  exit 1
fi
echo "as described"
