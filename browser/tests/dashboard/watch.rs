//! What a page did that it must not: handlers that ran, rules that it broke, requests elsewhere, errors in its console.
//!
//! Must not know any page.

use serde_json::{Value, json};

use crate::member::Member;

/// Runs in each document before anything of its own: every way in which a script could show that it runs is noted, and
/// so is every violation of the page's policy.
const EARS: &str = r#"
    globalThis.seen = { fired: [], violations: [] };
    for (const name of ["alert", "confirm", "prompt", "print", "xss"]) {
        globalThis[name] = (...what) => { seen.fired.push(name + ": " + what.join(" ")); };
    }
    addEventListener("securitypolicyviolation", (event) => {
        seen.violations.push(event.violatedDirective + " " + event.blockedURI + " " + event.sample + " " + event.sourceFile);
    }, true);
"#;

/// Listens to all pages from now on. They are loaded as if for the first time.
pub async fn begin(member: &Member) {
    member.person.tool("Page.enable", json!({})).await;
    member.person.tool("Page.addScriptToEvaluateOnNewDocument", json!({"source": EARS})).await;
    member.person.tool("Network.enable", json!({})).await;
    member.person.tool("Network.setCacheDisabled", json!({"cacheDisabled": true})).await;
    heard(member).await;
}

/// What pages did since this was asked last that no page may do.
pub async fn heard(member: &Member) -> Vec<String> {
    let mut wrong = Vec::new();
    let seen = member.see("globalThis.seen ? structuredClone(seen) : {fired: [], violations: []}").await;
    for what in ["fired", "violations"] {
        wrong.extend(seen[what].as_array().into_iter().flatten().map(|it| format!("{what}: {it}")));
    }
    for line in member.person.noted("browser").await {
        let text = line["message"].as_str().unwrap_or_default();
        // What a form refused, and what is not there, are answers with a status of their own, not errors.
        let refused =
            ["404", "410", "422"].iter().any(|it| text.contains(&format!("responded with a status of {it}")));
        if (line["level"] == "SEVERE" || line["level"] == "WARNING") && !refused {
            wrong.push(format!("console: {text}"));
        }
    }
    for line in member.person.noted("performance").await {
        let message: Value =
            serde_json::from_str(line["message"].as_str().unwrap_or_default()).unwrap_or_default();
        let event = &message["message"];
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                let own = url.starts_with(&format!("{}/", member.url));
                if !own
                    && !url.starts_with("data:")
                    && !url.starts_with("about:")
                    && !url.starts_with("blob:")
                {
                    wrong.push(format!("request elsewhere: {url}"));
                }
            }
            "Page.javascriptDialogOpening" => wrong.push(format!("dialog: {}", event["params"])),
            _ => {}
        }
    }
    wrong
}
