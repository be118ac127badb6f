//! Finding things on a page by what they are called, as people and screen readers do.
//!
//! Must not know any page.

/// Ways to find things: `find(kind, name)` is the element of that kind and accessible name, of several the first; in an
/// open window, within that. A name that begins so will do if none is exactly so.
pub const FIND: &str = r#"
    const scope = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
    const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
    const words = (node) => {
        const copy = node.cloneNode(true);
        copy.querySelectorAll("select, textarea, [aria-hidden=true]").forEach((it) => it.remove());
        return plain(copy.textContent);
    };
    const named = (node) => {
        const by = node.getAttribute("aria-labelledby");
        if (by) return plain(by.split(" ").map((id) => document.getElementById(id)?.textContent).join(" "));
        if (node.ariaLabel) return plain(node.ariaLabel);
        if (node.labels?.length) return [...node.labels].map(words).join(" ");
        return words(node) || plain(node.value) || plain(node.title);
    };
    const kinds = {
        field: "input:not([type=hidden], [type=submit], [type=checkbox], [type=radio]), textarea, select",
        box: "input[type=checkbox], input[type=radio]",
        button: "button, input[type=submit], summary, [role=button]",
        link: "a[href]",
    };
    const find = (kind, name) => {
        const all = [...scope().querySelectorAll(kinds[kind])].filter((it) => it.checkVisibility() && !it.disabled);
        return all.find((it) => named(it) === name) ?? all.find((it) => named(it).startsWith(name)) ?? null;
    };
    const heading = () => plain(scope().querySelector("h1")?.textContent);
    const text = () => plain((scope() === document ? document.querySelector("main") : scope())?.innerText);
"#;

/// How a focus shows: a ring of at least two pixels, or a shadow, and nothing lies over it.
pub const SHOWS_FOCUS: &str = r#"((node) => {
    const ringed = (it) => {
        const style = getComputedStyle(it);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow !== "none";
    };
    if (!node.matches(":focus-visible")) return "it is not shown that it has the focus";
    const around = [node, ...(node.labels ?? []), node.parentElement];
    if (!around.some(ringed)) return "no ring is around it";
    const box = node.getBoundingClientRect();
    const over = document.elementFromPoint(box.x + Math.min(box.width / 2, 200), box.y + Math.min(box.height / 2, 200));
    if (over && !around.some((it) => it?.contains(over) || over.contains(it))) return "something lies over it: " + over.outerHTML.slice(0, 200);
    return "";
})"#;
