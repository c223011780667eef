//! The program `filo`: everything but its allocator is in the library.

/// Imports make and drop strings by the million, on two threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    filo::cli::run(std::env::args_os())
}
