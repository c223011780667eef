//! The program `filo`: settings, wiring and commands are in the library.
fn main() {}
