//! axe-core, other people's judge of what everybody can use. `cargo xtask test` brings it.

use std::{fs, io::Write, path::PathBuf, sync::LazyLock};

use serde_json::{Value, json};

use crate::member::Member;

/// The script; None where it is not at hand, which is said.
static SCRIPT: LazyLock<Option<String>> = LazyLock::new(|| {
    let script =
        path().map(|path| fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}")));
    if script.is_none() {
        // Not captured by the test harness, as what a test prints is.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED axe: LEADPOST_TEST_AXE names no file of the package axe-core"
        );
    }
    script
});

#[expect(clippy::disallowed_methods, reason = "how `cargo xtask` tells tests what it brought")]
fn path() -> Option<PathBuf> {
    std::env::var_os("LEADPOST_TEST_AXE").map(PathBuf::from)
}

/// Everything of the levels A and AA up to WCAG 2.2, and what axe-core holds for good practice.
const ALL: &str = r#"{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}"#;

/// What colours and width change.
const LOOKS: &str = r#"{runOnly: {type: "rule", values: ["color-contrast", "target-size", "link-in-text-block",
    "scrollable-region-focusable"]}}"#;

/// What axe-core finds wrong with the page; in the open window, if there is one. With `looks`, only with its looks.
pub async fn judge(member: &Member, looks: bool) -> Value {
    let Some(script) = &*SCRIPT else { return json!([]) };
    // Past the page's policy, which lets no such script in.
    let had = member.see("typeof globalThis.axe === 'object'").await;
    if had != json!(true) {
        member.person.tool("Runtime.evaluate", json!({"expression": script})).await;
    }
    let run = format!(
        "const done = arguments[arguments.length - 1]; \
         axe.run(document.querySelector('dialog[open]') ?? document, {}).then((all) => done(all.violations.map((it) => \
         it.id + ': ' + it.help + ': ' + it.nodes.map((node) => node.target.join(' ') + ' ' + (node.any[0]?.message ?? '')) \
         .slice(0, 4).join(' | '))), (error) => done([String(error)]))",
        if looks { LOOKS } else { ALL }
    );
    let found = member.person.driver.execute_async(run, vec![]).await;
    found.unwrap_or_else(|error| panic!("axe-core: {error}")).json().clone()
}
