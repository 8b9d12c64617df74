//! Links the system LAPACK into this crate's own tests, benches and examples. A dependent crate is not affected:
//! link arguments of a build script stay with the package's own targets, so inside R only R's LAPACK is used.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg=-llapack");
    println!("cargo::rustc-link-arg=-lblas");
}
