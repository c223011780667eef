//! The program `filo`: everything is in the library.

fn main() -> std::process::ExitCode {
    filo::cli::run(std::env::args_os())
}
