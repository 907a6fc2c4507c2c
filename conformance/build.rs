//! Has the scenarios embedded anew when one of them changes.

fn main() {
    println!("cargo::rerun-if-changed=../fixtures/scenarios");
    println!("cargo::rerun-if-changed=../fixtures/waivers.yaml");
}
