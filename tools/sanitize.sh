#!/usr/bin/env bash
# sanitize.sh LIBRARY: what memory is used for. A thousand refused calls that must not make the process larger; under
# valgrind, modules of the core whose tests end within a minute, and one small call of each operation from R.
# AddressSanitizer looks at the core in make fuzz-core.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/lib.sh

library=$1
need_packages valgrind
log=build/valgrind.log
mkdir -p build
found() { cat "$log" >&2; fail "valgrind found errors (all of them: $log)"; }

nice Rscript tools/errors.R "$library" 1000

tests=$(cargo test --locked --lib --no-run 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
[ -x "$tests" ] || fail "the tests of the core were not built"
# What one thread of the pool keeps to its end is reachable and no leak.
nice valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
  --log-file="$log" "$tests" --test-threads=1 graph:: counts:: ops:: metrics:: stability:: tiles:: |
  sed -n 's/^test result: /valgrind, core: no error, no leak; /p' || found
# R keeps what it once took, so that leaks are not looked for here, but every read and write is.
nice R -d "valgrind -q --error-exitcode=9 --leak-check=no --log-file=$log" --vanilla --no-echo \
  -f tools/core-calls.R --args "$library" 2>build/core-calls.log | tail -1 | sed 's/^/valgrind, R: no error; /' || found
