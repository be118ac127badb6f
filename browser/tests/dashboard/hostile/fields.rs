//! Hostile text in what a page is asked with, and in each of its forms.
//!
//! Must not know any page: what there is to fill in is found on it.

use serde_json::{Value, json};

use super::{
    Reader,
    corpus::{all, packed},
};
use crate::house::House;

/// What pages read from their addresses, beside the fields of their own filters.
const KNOWN: [&str; 14] = [
    "done", "next", "q", "after", "state", "type", "since", "until", "webhook", "from", "to", "email",
    "token", "tab",
];

/// The names of what a page can be asked with.
const FILTERS: &str = r#"const page = (await load(PATH))[3];
    done([...new Set([...(page?.querySelectorAll("form:not([method=post]) [name]") ?? [])].map((it) => it.name))]);"#;

/// Asks each page with all strings in every parameter that it has, and in others one after the other.
pub async fn ask(reader: &mut Reader<'_>, paths: &[String]) {
    // An address has at most 64 KiB, and a byte may become three characters.
    let texts: Vec<String> = packed(5_000, true).iter().map(|text| escape(text)).collect();
    for (place, path) in paths.iter().enumerate() {
        let own = super::texts(&reader.ask(&FILTERS.replace("PATH", &json!(path).to_string())).await);
        let bare = path.split('?').next().unwrap_or_default();
        let known = |at: usize| KNOWN[(place + at) % KNOWN.len()];
        let mut asked = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            asked.push(format!("{bare}?{}={text}&{}={text}", known(at), known(at + 5)));
            asked.extend(own.iter().map(|name| format!("{bare}?{name}={text}")));
        }
        reader.read(&asked).await;
        let first = own.first().map_or(known(0), String::as_str);
        let text = &texts[place % texts.len()];
        reader.open(&format!("{bare}?{first}={text}&done={text}")).await;
    }
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// The forms of the page that is open that can be sent without ending the session.
const FORMS: &str = "[...document.forms].map((it, at) => [at, it.method, it.getAttribute('action') ?? '', it.elements.length]) \
    .filter(([, method, action]) => method === 'post' && !/sign-out|sessions|disable|delete/.test(action)).map(([at]) => at)";

/// Fills every field of the form with the text, whatever the field asks for, and sends it.
const SEND: &str = r#"(() => {
    const form = document.forms[AT];
    form.noValidate = true;
    for (const it of form.elements) {
        if (it.matches("input:not([type=checkbox], [type=radio], [type=submit], [type=hidden])")) { it.type = "text"; it.removeAttribute("maxlength"); it.value = TEXT; }
        if (it.matches("textarea")) { it.removeAttribute("maxlength"); it.value = TEXT; }
        if (it.matches("[type=checkbox]")) it.checked = true;
        if (it.matches("select") && WRONG && it.options.length) { it.options[0].value = TEXT; it.selectedIndex = 0; }
    }
    HTMLFormElement.prototype.submit.call(form);
})()"#;

/// Fills in every form, once with all strings, which are too much for any field, and then with what a name may be.
pub async fn fill(reader: &mut Reader<'_>, house: &House, paths: &[String]) {
    let (everything, names) = (all().join(" ").replace('\0', ""), packed(200, false));
    let (mut forms, mut sent) = (0, 0);
    for path in paths {
        reader.open(path).await;
        let found = reader.member.see(FORMS).await;
        for at in found.as_array().into_iter().flatten().filter_map(Value::as_u64) {
            forms += 1;
            for (text, wrong) in [(&everything, true), (&names[sent % names.len()], false)] {
                reader.open(path).await;
                let there = reader.member.see(&format!("document.forms.length > {at}")).await;
                if there != json!(true) {
                    break;
                }
                let send = SEND.replace("AT", &at.to_string()).replace("TEXT", &json!(text).to_string());
                let before = reader.member.see("performance.timeOrigin").await;
                reader.member.see(&send.replace("WRONG", &wrong.to_string())).await;
                reader
                    .member
                    .until(&format!(
                        "performance.timeOrigin !== {before} && document.readyState === 'complete'"
                    ))
                    .await;
                let judged = reader.ask("done(judge(document))").await;
                reader.note(&json!(format!("form {at} of {path}")), &judged);
                reader.listen(path).await;
                sent += 1;
            }
            if reader.member.see("location.pathname").await == json!("/sign-in") {
                reader.member.joins(house, "owner").await;
            }
        }
    }
    println!("{forms} forms, sent {sent} times");
    assert!(forms > 0, "there is no form");
}
