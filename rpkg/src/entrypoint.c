/* R looks for R_init_starscape when it loads the library. Naming the Rust registration function here is also what
 * makes the linker take the static library in. */
#include <Rinternals.h>
#include <R_ext/Rdynload.h>

void R_init_starscape_extendr(DllInfo *dll);

void R_init_starscape(DllInfo *dll) {
    R_init_starscape_extendr(dll);
    R_useDynamicSymbols(dll, FALSE);
}
