//! One Markdown file: its title, its three blocks.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use diagnosis::Evidence;

use crate::{
    evidence::{self, Told},
    expect::Expect,
    traffic,
    truth::Truth,
};

/// A folder of scenarios that are not in the repository, to be read in place of ours.
const OTHERS: &str = "LB502_SCENARIOS";

pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) evidence: Evidence,
    pub(crate) expect: Expect,
    pub(crate) truth: Truth,
}

impl Scenario {
    /// All files, by name.
    pub(crate) fn all() -> Vec<Self> {
        let texts = Self::texts();
        texts
            .iter()
            .map(|(name, text)| Self::read(name, text))
            .collect()
    }

    /// Whether the files are our own, and not those of a folder that a tester named.
    pub(crate) fn are_ours() -> bool {
        env::var_os(OTHERS).is_none()
    }

    /// The files' names and texts.
    pub(crate) fn texts() -> Vec<(String, String)> {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let folder = env::var_os(OTHERS).map_or(ours, PathBuf::from);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
            .filter(|path| path.file_stem().is_some_and(|name| name != "README"))
            .collect();
        files.sort();
        assert!(
            files.len() > 20 || !Self::are_ours(),
            "scenarios went missing"
        );
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        files
            .iter()
            .map(|path| (name(path), fs::read_to_string(path).unwrap()))
            .collect()
    }

    pub(crate) fn read(name: &str, text: &str) -> Self {
        assert!(text.starts_with("# "), "{name}: no title");
        let told: Told = toml::from_str(block(text, "evidence").unwrap_or_default())
            .unwrap_or_else(|error| panic!("{name}: evidence: {error}"));
        let traffic = traffic::read(block(text, "access-log").unwrap_or_default())
            .unwrap_or_else(|error| panic!("{name}: access-log: {error}"));
        let expect: Expect = toml::from_str(block(text, "expect").expect("an expect block"))
            .unwrap_or_else(|error| panic!("{name}: expect: {error}"));
        let has_holes = told.has_holes();
        let (evidence, faults) = evidence::build(told, &traffic);
        Self {
            truth: Truth::new(faults, has_holes, &expect),
            evidence,
            name: name.to_owned(),
            expect,
        }
    }
}

fn block<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
    let (_, after) = text.split_once(&format!("\n```{kind}\n"))?;
    after.split_once("\n```").map(|(block, _)| block)
}
