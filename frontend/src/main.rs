//! The program of investigations.

fn main() {
    frontend::open(frontend::programs::WORK);
}
