//! The house rules that a program can check.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The most lines of a source file, tests not counted.
const LONGEST: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `folder` that end in `extension`, without what is built or hidden.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder can be read").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    let root = root();
    let name = |path: &Path| path.strip_prefix(&root).expect("it was found there").display().to_string();
    files(&root, "rs").iter().map(|path| (name(path), read(path))).collect()
}

/// The part of a source file before its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

#[test]
fn every_source_file_says_what_it_is_for_and_stays_short() {
    let mut wrong = Vec::new();
    let all = sources();
    for (name, text) in all.iter().filter(|(name, _)| !name.starts_with("suite/snippets/")) {
        if !text.starts_with("//!") {
            wrong.push(format!("{name} has no header"));
        }
        // A crate's own tests may be as long as what they test needs.
        let own_tests = name.starts_with("crates/") && name.contains("/tests/");
        let lines = without_tests(text).lines().count();
        if lines > LONGEST && !own_tests {
            wrong.push(format!("{name} has {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_stands_in_the_store_alone() {
    let words = ["select ", "insert into ", "update ", "delete from "];
    for (name, text) in sources() {
        if !name.starts_with("crates/") || name.starts_with("crates/store/") {
            continue;
        }
        let statement = |line: &&str| words.iter().any(|word| line.contains(&format!("\"{word}")));
        assert_eq!(without_tests(&text).lines().find(statement), None, "{name}");
    }
}

#[test]
fn each_floor_names_only_the_floors_below() {
    let floors = [
        ("domain", &[][..]),
        ("store", &["domain"]),
        ("app", &["domain", "store"]),
        ("courier", &["domain", "app"]),
        ("web", &["domain", "app"]),
        ("server", &["domain", "app", "courier", "web"]),
    ];
    for (name, allowed) in floors {
        let manifest = read(&root().join(format!("crates/{name}/Cargo.toml")));
        let shipped = manifest.split("[dev-dependencies]").next().unwrap();
        let named: Vec<&str> = floors
            .iter()
            .map(|(floor, _)| *floor)
            .filter(|floor| shipped.lines().any(|line| line.split(['.', ' ']).next() == Some(floor)))
            .collect();
        assert_eq!(named, allowed, "crates/{name}/Cargo.toml");
    }
}

#[test]
fn the_tree_in_the_architecture_is_the_tree_on_disk() {
    let architecture = read(&root().join("ARCHITECTURE.md"));
    let (all, mut missing) = (sources(), Vec::new());
    for (name, _) in all.iter().filter(|(name, _)| name.starts_with("crates/") && name.contains("/src/")) {
        let file = name.rsplit('/').next().unwrap();
        // A file of a folder is told by the folder, or one above it, or by itself.
        let mut folders = name.rsplit('/').skip(1).take_while(|folder| *folder != "src");
        let told =
            architecture.contains(file) || folders.any(|folder| architecture.contains(&format!("{folder}/")));
        if !told {
            missing.push(name.as_str());
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md does not tell of\n{}", missing.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for document in files(&root(), "md") {
        let text = read(&document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let outside = target.starts_with('#') || target.contains("://") || target.starts_with("mailto:");
            if !outside && !document.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
