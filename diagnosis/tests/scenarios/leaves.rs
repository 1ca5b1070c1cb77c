//! What leaves through a share link, by name.

use std::{collections::BTreeSet, env, fs, path::Path};

use serde_json::Value;

use crate::{masked::shared, scenario::Scenario};

/// The names of fields, one a line: `findings[].fix.cli[]`. A field that leaves is a decision: after a
/// wanted change write the list anew with `LB502_UPDATE=1`.
#[test]
fn only_named_fields_leave() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/leaves.txt");
    let mut names = BTreeSet::new();
    for scenario in Scenario::all() {
        let document = serde_json::to_value(shared(&scenario.evidence)).unwrap();
        collect(&document, String::new(), &mut names);
    }
    let names: String = names.into_iter().map(|name| name + "\n").collect();
    if env::var_os("LB502_UPDATE").is_some() {
        fs::write(&file, &names).unwrap();
    }
    if Scenario::are_ours() {
        assert_eq!(names, fs::read_to_string(&file).unwrap());
    }
}

fn collect(value: &Value, name: String, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => {
            for value in values {
                collect(value, format!("{name}[]"), names);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                // Status codes and questions are data.
                let data = ["neighbours", "explains_neighbours", "answers"];
                let is_data = data.iter().any(|ending| name.ends_with(ending));
                let key = if is_data { "*" } else { key.as_str() };
                let dot = if name.is_empty() { "" } else { "." };
                collect(value, format!("{name}{dot}{key}"), names);
            }
        }
        _ => {
            names.insert(name);
        }
    }
}
