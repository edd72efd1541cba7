#!/usr/bin/env bash
# Prints the files that changed since the last checks of everything, one a line: since the last tag or the newest
# commit at least twelve hours older than HEAD, whichever is newer. A landing brings the commits of one session, which
# lasts a few hours, so such a commit is one that landed before. FASTINTENT_CHANGED_SINCE names another commit.
# Without such a commit every file counts as changed. Files that git does not know yet are included.
set -euo pipefail
cd "$(dirname "$0")/.."

since=${FASTINTENT_CHANGED_SINCE:-}
if [[ -z $since ]]; then
  before=$(($(git log -1 --format=%ct HEAD) - 12 * 3600))
  since=$(git rev-list -1 --before="$before" HEAD)
  tag=$(git describe --tags --abbrev=0 2>/dev/null || true)
  if [[ -n $tag ]] && { [[ -z $since ]] || git merge-base --is-ancestor "$since" "$tag"; }; then since=$tag; fi
fi
if [[ -n $since ]]; then
  git diff --name-only --diff-filter=d "$since"
  git ls-files --others --exclude-standard
else
  git ls-files --cached --others --exclude-standard
fi
