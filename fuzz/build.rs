//! Links the system LAPACK into the targets, as the core's build.rs does for its own tests.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg=-llapack");
    println!("cargo::rustc-link-arg=-lblas");
}
