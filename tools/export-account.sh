#!/usr/bin/env bash
# Asks Alibaba Cloud's own command line (`aliyun`) for all that `ramgate import` needs to know of an account, page by page.
# It changes nothing in the account. Either the whole folder is there at the end, or none of it.
set -euo pipefail

usage() {
  cat >&2 <<'TEXT'
Usage: tools/export-account.sh [--resource-directory] DIR [-- OPTION...]

  DIR                    where the answers go: DIR/<account id>, or DIR/resource-directory
  --resource-directory   ask, as the management account, where accounts are and which control policies bind them
  OPTION                 for every call of aliyun, such as --profile audit

ALIYUN names another command than aliyun. policies/identity/account-export.json is the policy that the caller needs.
Then: ramgate import DIR -o snapshot.json
TEXT
  exit 2
}

is_directory=false
if [[ ${1-} == --resource-directory ]]; then
  is_directory=true
  shift
fi
[[ $# -ge 1 && $1 != -* ]] || usage
dir=$1
shift
if [[ ${1-} == -- ]]; then shift; fi
options=("$@")
aliyun=${ALIYUN-aliyun}
command -v "$aliyun" >/dev/null || { echo "export-account: $aliyun is not installed" >&2; exit 2; }

mkdir -p "$dir"
part=$(mktemp -d "$dir/.export.XXXXXX")
trap 'rm -rf "$part"' EXIT

# ask FILE PRODUCT CALL [--Parameter VALUE]...: one call; a busy service is asked again.
ask() {
  local file=$1 said code
  shift
  mkdir -p "$(dirname "$part/$file")"
  for wait in 1 3 9 27 0; do
    if said=$("$aliyun" "$@" ${options[@]+"${options[@]}"} </dev/null 2>"$part/.errors"); then
      printf '%s\n' "$said" >"$part/$file"
      return 0
    fi
    code=$(cat "$part/.errors" - <<<"$said" | sed -n 's/^ErrorCode: *//p; s/.*"Code" *: *"\([^"]*\)".*/\1/p' | head -n 1)
    if [[ $code != Throttling* || $wait == 0 ]]; then break; fi
    sleep "$wait"
  done
  if [[ $code == ResourceDirectoryNotInUse ]]; then
    printf '{"Code": "%s", "Message": "there is no resource directory"}\n' "$code" >"$part/$file"
    return 0
  fi
  echo "export-account: $aliyun $* failed; nothing was written" >&2
  cat "$part/.errors" >&2
  printf '%s\n' "$said" >&2
  exit 2
}

# Strings that people write freely could hold anything; the names below cannot hold a quote.
without_descriptions() {
  tr -d '\r\n' | sed -E 's/"(Description|Comments|DisplayName)"[[:space:]]*:[[:space:]]*"([^"\\]|\\.)*"/"_":""/g'
}

# values KEY FILE...: the strings of this member, one a line.
values() {
  local key=$1
  shift
  cat "$@" | without_descriptions | { grep -oE "\"$key\"[[:space:]]*:[[:space:]]*\"[^\"]*\"" || true; } | sed -E 's/.*:[[:space:]]*"([^"]*)"$/\1/'
}

# number KEY FILE: the first number of this member, 0 if there is none.
number() {
  { without_descriptions <"$2" | grep -oE "\"$1\"[[:space:]]*:[[:space:]]*\"?[0-9]+" || echo 0; } | sed -E 's/.*[^0-9]//' | head -n 1
}

# by_marker FOLDER PRODUCT CALL [--Parameter VALUE]...: every page of a list of RAM.
by_marker() {
  local folder=$1 page=1 marker=
  shift
  while :; do
    if [[ -z $marker ]]; then
      ask "$folder/$page.json" "$@" --MaxItems 100
    else
      ask "$folder/$page.json" "$@" --MaxItems 100 --Marker "$marker"
    fi
    grep -qE '"IsTruncated"[[:space:]]*:[[:space:]]*true' "$part/$folder/$page.json" || return 0
    marker=$(values Marker "$part/$folder/$page.json" | head -n 1)
    if [[ -z $marker ]]; then
      echo "export-account: $* goes on and gives no Marker; nothing was written" >&2
      exit 2
    fi
    page=$((page + 1))
  done
}

# by_number FOLDER PRODUCT CALL [--Parameter VALUE]...: every page of a list of Resource Manager.
by_number() {
  local folder=$1 page=1 total
  shift
  while :; do
    ask "$folder/$page.json" "$@" --PageNumber "$page" --PageSize 100
    total=$(number TotalCount "$part/$folder/$page.json")
    if ((page * 100 >= total)); then return 0; fi
    page=$((page + 1))
  done
}

# attached: type and name of every attached policy, one a line.
attached() {
  cat "$part"/ListPolicyAttachments/*.json | without_descriptions | tr '}' '\n' | awk '{
    type = $0; name = $0
    if (sub(/.*"PolicyType"[ \t]*:[ \t]*"/, "", type) && sub(/.*"PolicyName"[ \t]*:[ \t]*"/, "", name)) {
      sub(/".*/, "", type); sub(/".*/, "", name)
      print type, name
    }
  }' | sort -u
}

export_account() {
  ask GetCallerIdentity.json sts GetCallerIdentity
  local id name type
  id=$(values AccountId "$part/GetCallerIdentity.json" | head -n 1)
  [[ $id =~ ^[0-9]+$ ]] || { echo "export-account: GetCallerIdentity names no account; nothing was written" >&2; exit 2; }
  target=$dir/$id
  by_marker ListUsers ram ListUsers
  by_marker ListGroups ram ListGroups
  by_marker ListRoles ram ListRoles
  by_marker ListPolicies ram ListPolicies --PolicyType Custom
  by_number ListPolicyAttachments resourcemanager ListPolicyAttachments
  ask GetResourceDirectory.json resourcemanager GetResourceDirectory
  while read -r name; do
    by_marker "ListUsersForGroup/$name" ram ListUsersForGroup --GroupName "$name"
  done < <(values GroupName "$part"/ListGroups/*.json)
  while read -r name; do
    ask "GetRole/$name.json" ram GetRole --RoleName "$name"
  done < <(values RoleName "$part"/ListRoles/*.json)
  while read -r type name; do
    ask "GetPolicy/$type/$name.json" ram GetPolicy --PolicyType "$type" --PolicyName "$name"
  done < <(attached)
}

export_directory() {
  local id folder waiting
  target=$dir/resource-directory
  ask GetResourceDirectory.json resourcemanager GetResourceDirectory
  if grep -q ResourceDirectoryNotInUse "$part/GetResourceDirectory.json"; then
    echo "export-account: this account is in no resource directory; nothing was written" >&2
    exit 2
  fi
  by_number ListAccounts resourcemanager ListAccounts
  waiting=$(values RootFolderId "$part/GetResourceDirectory.json")
  while [[ -n $waiting ]]; do
    read -r folder <<<"$waiting"
    waiting=$(tail -n +2 <<<"$waiting")
    by_number "ListFoldersForParent/$folder" resourcemanager ListFoldersForParent --ParentFolderId "$folder"
    waiting=$(printf '%s\n%s\n' "$waiting" "$(values FolderId "$part/ListFoldersForParent/$folder"/*.json)" | sed '/^$/d')
  done
  by_number ListControlPolicies resourcemanager ListControlPolicies
  while read -r id; do
    ask "GetControlPolicy/$id.json" resourcemanager GetControlPolicy --PolicyId "$id"
    by_number "ListTargetAttachmentsForControlPolicy/$id" resourcemanager ListTargetAttachmentsForControlPolicy --PolicyId "$id"
  done < <(values PolicyId "$part"/ListControlPolicies/*.json | sort -u)
}

if $is_directory; then export_directory; else export_account; fi
if [[ -e $target ]]; then
  echo "export-account: $target is there already; remove it first. Nothing was written" >&2
  exit 2
fi
rm -f "$part/.errors"
chmod 755 "$part"
mv "$part" "$target"
trap - EXIT
echo "$target"
