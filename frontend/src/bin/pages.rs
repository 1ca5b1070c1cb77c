//! The program of the pages around an investigation: the start, handoff notes, share links, help pages.

fn main() {
    frontend::open(frontend::programs::PAGES);
}
